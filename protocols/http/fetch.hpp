// What the fetcher is asked for and what it answers: plain values.
// Feeds (metadata, catalogs) and the supply (images) make requests; the privacy ledger reads the entries.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace homepatch {

struct FetchRequest {
  std::string url;
  // Of the whole file, what is resumed included. More is refused before it is stored, announced or not.
  std::uint64_t max_bytes = 0;
  // Where the address and every redirect must lie: "host" or "host:port". Empty: only the address's own host.
  std::vector<std::string> allowed_hosts;

  // The bytes that are there already. With a weak ETag as validator the fetch starts over (RFC 9110 section 13.1.5);
  // without one it resumes unconditionally, which is right only for files that are checked by their digest.
  std::uint64_t resume_from = 0;
  std::string if_range;       // the ETag or Last-Modified that came with those bytes
  std::string if_none_match;  // an ETag: status 304 where nothing changed

  std::chrono::milliseconds total_limit = std::chrono::minutes(10);  // redirects and name lookup included
  std::uint64_t low_speed_bytes = 100;                               // a second; slower for longer is given up
  std::chrono::seconds low_speed_time = std::chrono::seconds(30);
  // Otherwise plain http goes to loopback and home addresses only.
  bool allow_plain_http_to_wan = false;
};

struct FetchResponse {
  int status = 0;  // 200, 206 or 304 (and other 2xx); everything else is an Error
  std::string etag;
  std::string last_modified;
  std::optional<std::uint64_t> content_length;  // of this body
  std::uint64_t offset = 0;                     // where the body starts in the file; 0 when a resume starts over
};

struct FetchedBody {
  FetchResponse response;
  std::string bytes;
};

// For bodies that go to disk. A refusal by either of the first two ends the fetch with that error.
struct FetchEvents {
  std::function<Status(const FetchResponse&)> on_response;  // once, before the first byte
  std::function<Status(std::span<const std::uint8_t>)> on_bytes;
  std::function<void(Result<FetchResponse>)> done;  // once, last
};

// One request that left the gateway, each redirect counted as its own, cancelled ones too.
struct LedgerEntry {
  std::string host;  // host or host:port
  std::string path;
  int status = 0;  // 0: no answer came
  std::uint64_t bytes_received = 0;
  std::uint64_t bytes_sent = 0;
  std::string user_agent;
  bool validator_sent = false;  // an ETag or date of an earlier answer was sent along: it can recognise a home
};

}  // namespace homepatch
