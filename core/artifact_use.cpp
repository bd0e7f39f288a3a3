#include "core/artifact_use.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "core/catalog_names.hpp"

namespace homepatch {

namespace {

constexpr std::array<std::pair<ArtifactRank, std::string_view>, 7> kRanks{{
    {ArtifactRank::superseded, "superseded"},
    {ArtifactRank::unreferenced, "unreferenced"},
    {ArtifactRank::feature, "feature"},
    {ArtifactRank::security, "security"},
    {ArtifactRank::last_known_good, "last_known_good"},
    {ArtifactRank::in_use, "in_use"},
    {ArtifactRank::imported, "imported"},
}};

bool has(const Release& release, const Digest& image) {
  return std::ranges::find(release.images, image, &Image::sha256) != release.images.end();
}

// From the version that the device came from on, every release of the model may be a step of the way, or the way back.
bool on_the_way(const OwnedModel& model, const Release& release) {
  return std::ranges::any_of(model.updates, [&](const Update* update) {
    const Release* from = model.catalog->by_version(update->from_version);
    return release.version == update->to_version || (from != nullptr && release.seq >= from->seq);
  });
}

bool is_newest(const Catalog& catalog, const Release& release) {
  return std::ranges::none_of(catalog.releases,
                              [&](const Release& other) { return other.seq > release.seq && !other.images.empty(); });
}

ArtifactRank rank_of(const OwnedModel& model, const Release& release) {
  if (model.catalog->feed == kLocalFeed) return ArtifactRank::imported;
  if (on_the_way(model, release)) return ArtifactRank::in_use;
  if (std::ranges::find(model.installed, release.version) != model.installed.end())
    return ArtifactRank::last_known_good;
  if (!is_newest(*model.catalog, release)) return ArtifactRank::superseded;
  return release.kind == ReleaseKind::feature ? ArtifactRank::feature : ArtifactRank::security;
}

}  // namespace

std::string_view to_string(ArtifactRank rank) {
  const auto* found = std::ranges::find(kRanks, rank, &std::pair<ArtifactRank, std::string_view>::first);
  return found == kRanks.end() ? "unreferenced" : found->second;
}

ArtifactUse use_of(const Digest& image, std::span<const OwnedModel> models) {
  ArtifactUse best;
  for (const auto& model : models) {
    for (const auto& release : model.catalog->releases) {
      if (!has(release, image)) continue;
      const ArtifactRank rank = rank_of(model, release);
      if (!best.catalog.empty() && rank <= best.rank) continue;
      best = ArtifactUse{rank, model.catalog->path, release.version};
    }
  }
  return best;
}

}  // namespace homepatch
