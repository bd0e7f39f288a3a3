// Where the files of a feed come from: its mirrors over HTTP (mirrors.hpp), or a bundle that somebody carried in
// (bundle_source.hpp). A look at the feed (feed_look.hpp) asks; what comes is believed only after trust/tuf judged it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.hpp"

namespace homepatch {

class FeedSource {
 public:
  using Done = std::function<void(Result<std::string>)>;

  // Dropping it cancels; its answer may drop it.
  class Request {
   public:
    Request() = default;
    Request(const Request&) = delete;
    Request& operator=(const Request&) = delete;
    virtual ~Request() = default;
  };

  FeedSource() = default;
  FeedSource(const FeedSource&) = delete;
  FeedSource& operator=(const FeedSource&) = delete;
  virtual ~FeedSource() = default;

  // The file `path` below the feed's folder, percent-encoded ("metadata/timestamp.json"), at most `limit` bytes; the
  // answer comes on a later turn. With `may_be_missing`, that it is not there (not_found) is an answer, and no reason
  // to ask elsewhere.
  [[nodiscard]] virtual std::unique_ptr<Request> get(const std::string& path, std::uint64_t limit, bool may_be_missing,
                                                     Done done) = 0;

  // What came is not what was signed: the next requests go elsewhere. False when there is nowhere else.
  virtual bool turn_away() = 0;
};

}  // namespace homepatch
