#include "feed/agreement.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "core/catalog_names.hpp"

namespace homepatch::feed {

namespace {

using nlohmann::json;

constexpr const char* kOptionalKey = "hw";  // the only match key that a model may leave out

struct Claim {
  json match;
  const std::string* path = nullptr;
};

bool overlap(const json& a, const json& b) {
  return !a.contains(kOptionalKey) || !b.contains(kOptionalKey) || a[kOptionalKey] == b[kOptionalKey];
}

Unexpected refuse(const std::string& family, const Claim& one, const Claim& other) {
  if (one.match == other.match) {
    return fail(Errc::invalid_argument,
                fmt::format("{} and {} both claim {} devices with {}; each device must belong to one model", *one.path,
                            *other.path, family, one.match.dump()));
  }
  return fail(Errc::invalid_argument,
              fmt::format("{} claims {} devices with {}, and {} those with {}: homes would find two models for one "
                          "device and update neither. Name the hardware in both",
                          *one.path, family, one.match.dump(), *other.path, other.match.dump()));
}

// Claims that can only overlap among each other have one key here.
std::string group_of(const std::string& family, json match) {
  match.erase(kOptionalKey);
  return family + " " + match.dump();
}

struct Known {
  const Catalog* catalog = nullptr;
  const Release* release = nullptr;
};

std::string name_of(const Known& known) {
  return fmt::format("{}/{} {}", known.catalog->vendor_id, known.catalog->model_id, known.release->version);
}

class Dependencies {
 public:
  explicit Dependencies(const std::vector<CatalogDraft>& drafts) {
    for (const auto& draft : drafts) catalogs_[draft.catalog.path] = &draft.catalog;
  }

  Status check() {
    for (const auto& [path, catalog] : catalogs_) {
      for (const auto& release : catalog->releases) TRY(take(Known{catalog, &release}));
    }
    while (settle()) {
    }
    if (waiting_.empty()) return {};
    const auto& first = waiting_.front();
    const auto& needed = first.release->required.components.front();
    return fail(Errc::invalid_argument,
                fmt::format("{} requires {}/{} at seq {} or later, which itself waits for it: no home could ever "
                            "install either. Let one of them go first",
                            name_of(first), first.catalog->vendor_id, needed.model_id, needed.seq_min));
  }

 private:
  [[nodiscard]] std::string path_of(const Known& known, const Dependency& needed) const {
    return catalog_path(known.catalog->vendor_id, needed.model_id);
  }

  Status take(const Known& known) {
    for (const auto& needed : known.release->required.components) TRY(check_known(known, needed));
    if (known.release->required.components.empty()) {
      reach(known);
    } else {
      waiting_.push_back(known);
    }
    return {};
  }

  Status check_known(const Known& known, const Dependency& needed) const {
    const auto other = catalogs_.find(path_of(known, needed));
    if (other == catalogs_.end()) {
      return fail(
          Errc::invalid_argument,
          fmt::format("{} requires the model {}/{}, which this feed does not publish: no home could ever install "
                      "it. Add that model, or name another in requires.components",
                      name_of(known), known.catalog->vendor_id, needed.model_id));
    }
    const auto& releases = other->second->releases;
    if (!releases.empty() && releases.back().seq >= needed.seq_min) return {};
    return fail(
        Errc::invalid_argument,
        fmt::format("{} requires {}/{} at seq {} or later, but its newest release has seq {}: no home could ever "
                    "install it. Add that release first",
                    name_of(known), known.catalog->vendor_id, needed.model_id, needed.seq_min,
                    releases.empty() ? 0 : releases.back().seq));
  }

  void reach(const Known& known) {
    auto& highest = reached_[known.catalog->path];
    highest = std::max(highest, known.release->seq);
  }

  [[nodiscard]] bool is_met(const Known& known) const {
    return std::ranges::all_of(known.release->required.components, [&](const Dependency& needed) {
      const auto other = reached_.find(path_of(known, needed));
      return other != reached_.end() && other->second >= needed.seq_min;
    });
  }

  // One round: whether anything that waited can be reached now.
  bool settle() {
    std::vector<Known> still;
    for (const auto& known : waiting_) {
      if (is_met(known)) {
        reach(known);
      } else {
        still.push_back(known);
      }
    }
    const bool moved = still.size() < waiting_.size();
    waiting_ = std::move(still);
    return moved;
  }

  std::map<std::string, const Catalog*> catalogs_;
  std::map<std::string, std::int64_t> reached_;  // the highest seq of a model that some home can come to
  std::vector<Known> waiting_;
};

}  // namespace

Status check_claims(const std::vector<CatalogDraft>& drafts) {
  std::map<std::string, std::vector<Claim>> groups;
  for (const auto& draft : drafts) {
    for (const auto& [family, matches] : draft.document["model"]["match"].items()) {
      for (const auto& match : matches) {
        const Claim claim{match, &draft.catalog.path};
        auto& group = groups[group_of(family, match)];
        for (const auto& other : group) {
          if (*other.path != *claim.path && overlap(other.match, match)) return refuse(family, other, claim);
        }
        group.push_back(claim);
      }
    }
  }
  return {};
}

Status check_dependencies(const std::vector<CatalogDraft>& drafts) { return Dependencies(drafts).check(); }

}  // namespace homepatch::feed
