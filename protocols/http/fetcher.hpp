// Fetches over http and https without ever blocking the loop: libcurl's multi socket interface on the event loop.
// Feeds and the supply ask it; nothing else in the daemon makes an outbound HTTP request. Holds nothing that a crash
// could lose: what came so far is the caller's (resume with FetchRequest::resume_from).
//
// What it never does: follow a redirect out of the allowed hosts or from https to http; speak plain http beyond the
// home; keep cookies, read .netrc, use a proxy (the environment's proxy variables are ignored: the checks are on the
// address that is connected to); ask for or undo compression; accept HTTP/0.9; speak HTTP/2 (whose windows would
// decide how much memory a fetch takes).
//
// Error codes: not_found (403, 404, 410), not_authorised (401, or an address or redirect that is not allowed),
// too_large, invalid_argument (a useless URL; 416: start over), malformed (an answer that
// breaks the protocol), unavailable (everything that may be better later or elsewhere, TLS included), busy
// (kMaxTransfers), and whatever the caller's own events refused with.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/event_loop.hpp"
#include "base/result.hpp"
#include "protocols/http/fetch.hpp"

namespace homepatch {

// Dropping it cancels: afterwards none of the fetch's functions is called. May outlive the fetcher.
class FetchHandle {
 public:
  class Link;

  FetchHandle();
  explicit FetchHandle(std::unique_ptr<Link> link);
  FetchHandle(FetchHandle&&) noexcept;
  FetchHandle& operator=(FetchHandle&&) noexcept;
  ~FetchHandle();

 private:
  std::unique_ptr<Link> link_;
};

struct FetcherOptions {
  std::string ca_file;  // PEM; empty: the system's authorities
};

struct HostTraffic {
  std::uint64_t requests = 0;
  std::uint64_t bytes_received = 0;
};

class Fetcher {
 public:
  static constexpr std::size_t kMaxTransfers = 64;      // asked for at once, all callers together
  static constexpr long kMaxConnections = 8;            // open at once
  static constexpr int kMaxRedirects = 5;               // of one fetch
  static constexpr std::size_t kMaxCountedHosts = 256;  // further ones are counted as "other"

  static Result<std::unique_ptr<Fetcher>> open(EventLoop& loop, const FetcherOptions& options = {});
  ~Fetcher();
  Fetcher(const Fetcher&) = delete;
  Fetcher& operator=(const Fetcher&) = delete;

  // The whole body in memory; give a max_bytes that the memory can bear. All results come on a later turn.
  [[nodiscard]] FetchHandle fetch(FetchRequest request, std::function<void(Result<FetchedBody>)> done);

  // The body in pieces of at most 64 KiB as they come.
  [[nodiscard]] FetchHandle stream(FetchRequest request, FetchEvents events);

  // `entry` hears of every request when it ends. One listener.
  void set_ledger(std::function<void(const LedgerEntry&)> entry);

  // Since the start, by host or host:port.
  [[nodiscard]] const std::map<std::string, HostTraffic>& traffic() const;

  static std::string user_agent();

 private:
  class Core;
  friend class FetchHandle::Link;
  explicit Fetcher(std::shared_ptr<Core> core);

  std::shared_ptr<Core> core_;
};

}  // namespace homepatch
