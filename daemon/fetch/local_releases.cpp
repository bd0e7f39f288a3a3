#include "daemon/fetch/local_releases.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/log.hpp"
#include "base/text.hpp"
#include "core/catalog_names.hpp"
#include "daemon/fetch/image_fit.hpp"
#include "daemon/fetch/local_catalog.hpp"
#include "protocols/feeds/catalog_reader.hpp"

namespace homepatch {

namespace {

// What others say of it, in the words of Catalog::signed_by.
std::string vouchers(const std::string& who, const ImageFacts& facts) {
  return facts.vouched_by.empty() ? who : fmt::format("{}; index {} has its SHA-512", who, facts.vouched_by);
}

bool is_weaker(Provenance a, Provenance b) { return a == Provenance::local_admin && b != Provenance::local_admin; }

}  // namespace

Status LocalReleases::start() {
  for (const auto& path : TRY(store_.document_paths(kLocalFeed))) TRY(put_stored(path));
  return {};
}

Status LocalReleases::put_stored(const std::string& path) {
  const auto bytes = TRY(store_.load_document(kLocalFeed, path));
  const auto origin = TRY(store_.document_origin(kLocalFeed, path));
  if (!bytes || !origin) return {};
  auto catalog = feeds::read_catalog(*bytes, path);
  if (!catalog) {
    log::warning("imported images: {} cannot be read and is left out: {}", path, catalog.error().text);
    return {};
  }
  catalog->feed = kLocalFeed;
  catalog->provenance = origin->provenance;
  catalog->signed_by = origin->signed_by;
  engine_.shelf.put(std::move(*catalog));
  return {};
}

Status LocalReleases::judge(const Device& device, const std::string& version, const ImageFacts& facts) const {
  if (own_matches(device).empty()) {
    return fail(
        Errc::invalid_argument,
        fmt::format("{} has not said yet what model it is, so nothing can be imported for it; try again when it "
                    "was heard from (homepatchctl device {})",
                    device.id.to_string(), device.id.to_string()));
  }
  if (const Catalog* spoken = engine_.shelf.spoken_for(device)) {
    return fail(
        Errc::invalid_argument,
        fmt::format("the feed {} speaks for this model ({}), so no image is taken in by hand: import a bundle of "
                    "that feed, or take the feed out of the configuration",
                    spoken->feed, spoken->path));
  }
  if (!is_plain_text(version, kMaxMatchValue)) {
    return fail(Errc::invalid_argument, fmt::format("the version must be text of 1 to {} bytes", kMaxMatchValue));
  }
  if (const auto by = engine_.shelf.taken_back_by(facts.sha256); !by.empty()) {
    return fail(Errc::not_trusted, "this very image was taken back by the feed " + printable(by));
  }
  TRY(check_fit(device, version, facts));
  const auto empty = new_local_catalog(local_match(device), device.model);
  return judge_place(engine_.shelf.find(kLocalFeed, empty.path), version, facts);
}

Status LocalReleases::judge_place(const Catalog* catalog, const std::string& version, const ImageFacts& facts) const {
  const Release* before = catalog == nullptr ? nullptr : catalog->by_version(version);
  const bool takes_place = before != nullptr && !before->images.empty();
  if (takes_place && before->images.front().sha256 != facts.sha256) {
    return fail(Errc::already_exists,
                fmt::format("version {} of this model was imported already with other bytes (SHA-256 {}...); two "
                            "images of one version could not be told apart. Forget that one first: homepatchctl import "
                            "--remove {}",
                            version, before->images.front().sha256.brief(), before->id));
  }
  if (takes_place || offered() < kMaxOffered) return {};
  return fail(Errc::too_large, fmt::format("{} imported images are kept already; forget one first (homepatchctl import "
                                           "--remove RELEASE, homepatchctl releases lists them)",
                                           kMaxOffered));
}

std::size_t LocalReleases::offered() const {
  std::size_t count = 0;
  for (const Catalog* catalog : engine_.shelf.all()) {
    if (catalog->feed == kLocalFeed) count += count_offered(*catalog);
  }
  return count;
}

std::vector<const Device*> LocalReleases::same_model(const Device& device) const {
  const auto match = local_match(device);
  std::vector<const Device*> out;
  for (const auto& [id, other] : engine_.inventory.devices()) {
    const auto own = own_matches(other);
    if (std::ranges::find(own, match) != own.end()) out.push_back(&other);
  }
  return out;
}

Result<std::string> LocalReleases::add(const Device& device, const std::string& version, const ImageFacts& facts,
                                       const std::string& who) {
  TRY(judge(device, version, facts));
  Catalog catalog = new_local_catalog(local_match(device), device.model);
  const auto devices = same_model(device);
  if (const Catalog* before = engine_.shelf.find(kLocalFeed, catalog.path)) catalog = *before;
  const bool others = std::ranges::any_of(
      catalog.releases, [&](const Release& other) { return !other.images.empty() && other.version != version; });
  // What the devices run now is older than what is brought for them: without it nothing could be told of them.
  std::set<std::string> running;
  for (const Device* one : devices) {
    if (!one->intermediate) running.insert(one->version);
  }
  for (const auto& installed : running) {
    if (installed != version && is_plain_text(installed, kMaxMatchValue)) add_shipped(catalog, installed);
  }
  const std::string id = add_release(catalog, version, facts, who, loop_.now()).id;
  catalog.provenance =
      others && is_weaker(catalog.provenance, facts.provenance) ? catalog.provenance : facts.provenance;
  catalog.signed_by = vouchers(who, facts);
  TRY(store(std::move(catalog)));
  return fmt::format(
      "Version {} is taken in as release {} of the feed local, for {} {} of this home ({}). It is installed "
      "only when you say so: homepatchctl update {}",
      version, id, devices.size(), devices.size() == 1 ? "device" : "devices", describe(local_match(device)),
      device.id.to_string());
}

// Through the reader, so that what is on the shelf now is what will be there after a restart.
Status LocalReleases::store(Catalog catalog) {
  const auto bytes = write_catalog(catalog);
  TRY_IN("what would be kept of the import cannot be read back", feeds::read_catalog(bytes, catalog.path));
  TRY(store_.save_document(kLocalFeed, catalog.path, sha256(bytes), bytes, {catalog.provenance, catalog.signed_by}));
  return put_stored(catalog.path);
}

bool LocalReleases::in_use(const Catalog& catalog, const Release& release) const {
  return std::ranges::any_of(engine_.updater.updates(), [&](const auto& entry) {
    const Update& update = entry.second;
    return !is_terminal(update.phase) && update.feed == kLocalFeed && update.catalog == catalog.path &&
           update.to_version == release.version;
  });
}

Result<LocalReleases::Imported> LocalReleases::imported_as(std::string_view wanted) const {
  std::vector<Imported> found;
  for (const Catalog* catalog : engine_.shelf.all()) {
    if (catalog->feed != kLocalFeed) continue;
    for (const auto& release : catalog->releases) {
      const bool called = release.id == wanted || release.version == wanted;
      if (called && !release.images.empty()) found.push_back({*catalog, release});
    }
  }
  const auto shown = printable(wanted, 80);
  if (found.empty()) {
    return fail(Errc::not_found,
                fmt::format("no imported release is called '{}'; homepatchctl releases lists them under the feed local",
                            shown));
  }
  if (found.size() == 1) return std::move(found.front());
  return fail(Errc::invalid_argument,
              fmt::format("{} imported releases are called '{}': name one by its id, such as {}", found.size(), shown,
                          found.front().release.id));
}

Result<std::string> LocalReleases::remove(std::string_view wanted) {
  auto [catalog, release] = TRY(imported_as(wanted));
  if (in_use(catalog, release)) {
    return fail(Errc::busy, fmt::format("an update to {} is under way; cancel it first", release.version));
  }
  // That there was such a version stays known: devices may run it.
  std::ranges::find(catalog.releases, release.id, &Release::id)->images.clear();
  if (count_offered(catalog) > 0) {
    TRY(store(std::move(catalog)));
  } else {
    TRY(store_.remove_document(kLocalFeed, catalog.path));
    engine_.shelf.remove(kLocalFeed, catalog.path);
  }
  const Digest image = release.images.front().sha256;
  if (cache_.contains(image) && !engine_.shelf.offers(image)) TRY(cache_.remove(image));
  return fmt::format("Release {} (version {}) and its image are forgotten.", release.id, release.version);
}

}  // namespace homepatch
