#include "feed/inspection.hpp"

#include <fmt/format.h>

#include <map>
#include <set>
#include <utility>
#include <variant>

#include "core/catalog_names.hpp"
#include "protocols/feeds/catalog_reader.hpp"
#include "protocols/feeds/deny_reader.hpp"
#include "protocols/feeds/models_reader.hpp"
#include "trust/strict_json.hpp"

namespace homepatch::feed {

namespace {

constexpr std::size_t kNodesPerModel = 16;  // of an entry in the list of models

class Inspector {
 public:
  Inspector(const FetchFile& fetch, const InspectionOrder& order) : fetch_(fetch), order_(order) {
    stored_[std::string(tuf::kRoot)] = order.root;
  }

  Result<Inspection> run() {
    auto client = TRY(tuf::Client::open([this](std::string_view role) { return read(role); },
                                        tuf::Clock{order_.now, tuf::Expiry::judge}));
    TRY(take_steps(client));
    out_.root_version = client.trusted().root().version;
    out_.valid_until = client.valid_until().value_or(Time{});
    TRY(read_models(client));
    TRY(read_denied(client));
    for (const auto& path : catalogs_) TRY(read_catalog(client, path));
    return std::move(out_);
  }

 private:
  [[nodiscard]] Result<std::string> read(std::string_view role) const {
    const auto found = stored_.find(role);
    if (found == stored_.end()) return fail(Errc::not_found, "nothing is stored");
    return found->second;
  }

  Status answer(tuf::Client& client, const tuf::Fetch& request) {
    auto bytes = fetch_("metadata/" + request.path, request.limit);
    if (bytes) {
      client.received(*std::move(bytes));
    } else if (bytes.error().code == Errc::not_found) {
      client.missing();
    } else {
      return fail(std::move(bytes).error());
    }
    return {};
  }

  // Until the refresh or the lookup is over.
  Status take_steps(tuf::Client& client) {
    while (true) {
      const auto step = TRY(client.next());
      if (std::holds_alternative<tuf::Finished>(step)) return {};
      if (const auto* request = std::get_if<tuf::Fetch>(&step)) TRY(answer(client, *request));
      if (const auto* store = std::get_if<tuf::Store>(&step)) stored_[store->role] = store->bytes;
      if (const auto* removed = std::get_if<tuf::Remove>(&step)) stored_.erase(removed->role);
    }
  }

  Result<tuf::Target> look_up(tuf::Client& client, const std::string& path) {
    TRY(client.begin_lookup(path));
    TRY(take_steps(client));
    if (client.found()) return *client.found();
    return fail(Errc::not_found, fmt::format("{}: the feed's metadata does not list it", path));
  }

  // The bytes of a target, checked against the metadata.
  Result<std::string> fetch_target(const tuf::Target& target) {
    auto bytes = Result<std::string>(fail(Errc::not_found, "the metadata gives no place to fetch it from"));
    for (const auto& path : target.fetch_paths) {
      bytes = fetch_("targets/" + path, target.length);
      if (bytes) break;
    }
    if (!bytes) return fail(std::move(bytes).error().in(target.path));
    auto check = target.check();
    TRY_IN(target.path, check.add(*bytes));
    TRY_IN(target.path, check.finish());
    return bytes;
  }

  Status read_models(tuf::Client& client) {
    const auto target = TRY(look_up(client, std::string(kModelsPath)));
    const auto bytes = TRY(fetch_target(target));
    TRY(feeds::read_models(bytes, [](const Match& /*match*/, std::string_view /*path*/) {}));
    // Every catalog, those too of families that homes pass over until they learn to speak with them.
    JsonLimits limits;
    limits.max_bytes = feeds::kMaxModelsBytes;
    limits.max_nodes = feeds::kMaxModels * kNodesPerModel;
    const auto document = TRY(parse_json(bytes, limits));
    for (const auto& entry : document.at("models")) catalogs_.insert(entry.at("catalog").get<std::string>());
    return {};
  }

  // A feed that takes nothing back has no such list.
  Status read_denied(tuf::Client& client) {
    TRY(client.begin_lookup(std::string(kDenyPath)));
    TRY(take_steps(client));
    if (!client.found()) return {};
    const auto target = *client.found();
    const auto bytes = TRY(fetch_target(target));
    out_.denied = TRY(feeds::read_deny(bytes));
    return {};
  }

  Status read_catalog(tuf::Client& client, const std::string& path) {
    const auto target = TRY(look_up(client, path));
    const auto bytes = TRY(fetch_target(target));
    auto catalog = TRY(feeds::read_catalog(bytes, path));
    for (const auto& release : catalog.releases) {
      for (const auto& image : release.images) TRY(check_image(client, image));
    }
    out_.catalogs.push_back(std::move(catalog));
    return {};
  }

  Status check_image(tuf::Client& client, const Image& image) {
    const auto target = TRY(look_up(client, image.target));
    const auto& sha256 = target.hashes.sha256;
    TRY(feeds::same_image(image, target.length, sha256 ? sha256->hex() : std::string{}));
    if (!seen_.insert(image.target).second) return {};
    ++out_.images;
    out_.image_bytes += image.length;
    if (order_.with_images) TRY(fetch_target(target));
    return {};
  }

  const FetchFile& fetch_;
  const InspectionOrder& order_;
  std::map<std::string, std::string, std::less<>> stored_;
  std::set<std::string> catalogs_;
  std::set<std::string> seen_;
  Inspection out_;
};

}  // namespace

FetchFile fetch_from(std::map<std::string, std::string> files) {
  return [files = std::move(files)](const std::string& path, std::size_t limit) -> Result<std::string> {
    const auto found = files.find(path);
    if (found == files.end()) return fail(Errc::not_found, path + " is not part of the feed");
    if (found->second.size() <= limit) return found->second;
    return fail(Errc::too_large, fmt::format("{} has {} bytes; homes read {} at most: divide the feed among several",
                                             path, found->second.size(), limit));
  };
}

Result<Inspection> inspect(const FetchFile& fetch, const InspectionOrder& order) {
  return Inspector(fetch, order).run();
}

}  // namespace homepatch::feed
