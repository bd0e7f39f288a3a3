// The files of a feed out of a bundle that was read already: a look at it asks for them as it asks a mirror.
#pragma once

#include <fmt/format.h>

#include <memory>
#include <string>

#include "base/loop.hpp"
#include "daemon/fetch/feed_source.hpp"
#include "protocols/feeds/bundle_reader.hpp"

namespace homepatch {

class BundleSource final : public FeedSource {
 public:
  BundleSource(Loop& loop, std::shared_ptr<const feeds::Bundle> bundle) : loop_(loop), bundle_(std::move(bundle)) {}

  std::unique_ptr<Request> get(const std::string& path, std::uint64_t limit, bool /*may_be_missing*/,
                               Done done) override {
    auto answer = std::make_unique<Answer>();
    answer->turn =
        loop_.after(Duration::zero(), [this, path, limit, done = std::move(done)] { done(find(path, limit)); });
    return answer;
  }
  bool turn_away() override { return false; }

 private:
  struct Answer final : Request {
    Timer turn;
  };

  [[nodiscard]] Result<std::string> find(const std::string& path, std::uint64_t limit) const {
    const auto found = bundle_->documents.find(path);
    if (found == bundle_->documents.end()) return fail(Errc::not_found, "the bundle has no " + path);
    if (found->second.size() > limit) {
      return fail(Errc::too_large,
                  fmt::format("{} has {} bytes; at most {} are taken", path, found->second.size(), limit));
    }
    return found->second;
  }

  Loop& loop_;
  std::shared_ptr<const feeds::Bundle> bundle_;
};

}  // namespace homepatch
