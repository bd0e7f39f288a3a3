// The base addresses of one feed over HTTP, tried in turn: the one that answered last is asked first. Redirects lead to
// the mirrors' own hosts and to those that the configuration allows, nowhere else.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "core/digest.hpp"
#include "daemon/fetch/feed_source.hpp"
#include "protocols/http/fetcher.hpp"

namespace homepatch {

class Mirrors final : public FeedSource {
 public:
  // `bases`: at least one, without a slash at the end. `more_hosts`: where redirects may lead besides.
  Mirrors(Fetcher& fetcher, std::vector<std::string> bases, const std::vector<std::string>& more_hosts);

  std::unique_ptr<Request> get(const std::string& path, std::uint64_t limit, bool may_be_missing, Done done) override;
  bool turn_away() override;
  // A new look: every mirror may be turned away from once more.
  void begin_round() { turned_away_ = 0; }

  // Where the bytes of a target may be: under the name with its digest (consistent snapshots) on every mirror, then
  // under the plain one. The mirror in use comes first.
  [[nodiscard]] std::vector<std::string> target_urls(std::string_view target, const Digest& sha256) const;
  [[nodiscard]] const std::vector<std::string>& allowed_hosts() const { return hosts_; }
  [[nodiscard]] const std::string& in_use() const { return bases_[current_]; }

 private:
  class Asking;

  [[nodiscard]] std::vector<std::string> bases_in_turn() const;
  void prefer(std::size_t base) { current_ = base; }

  Fetcher& fetcher_;
  std::vector<std::string> bases_;
  std::vector<std::string> hosts_;
  std::size_t current_ = 0;
  std::size_t turned_away_ = 0;
};

}  // namespace homepatch
