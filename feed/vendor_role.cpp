#include "feed/vendor_role.hpp"

#include <fmt/format.h>

#include "base/file.hpp"
#include "base/text.hpp"
#include "core/catalog_names.hpp"
#include "feed/delegation.hpp"
#include "protocols/feeds/catalog_reader.hpp"
#include "trust/hash.hpp"

namespace homepatch::feed {

namespace {

Status check_path(std::string_view vendor, const std::string& path) {
  tuf::Delegation delegation;
  delegation.paths = delegated_paths(vendor);
  if (is_target_path(path) && delegation.speaks_for(path)) return {};
  return fail(Errc::not_authorised, fmt::format("it lists '{}', but may list only what lies under {}/",
                                                printable(path, kMaxTargetPath), vendor));
}

Result<TargetFile> read_target(const std::string& path, const tuf::TargetFile& listed) {
  if (!listed.hashes.sha256) return fail(Errc::unsupported, fmt::format("{} is listed without a SHA-256", path));
  if (listed.length > kMaxImageLength) {
    return fail(Errc::too_large,
                fmt::format("{} has {} bytes; at most {} are accepted", path, listed.length, kMaxImageLength));
  }
  return TargetFile{path, {listed.length, *listed.hashes.sha256}, {}};
}

Status check_images(const Catalog& catalog, const tuf::Targets& role) {
  for (const auto& release : catalog.releases) {
    for (const auto& image : release.images) {
      const auto listed = role.targets.find(image.target);
      if (listed == role.targets.end() || !listed->second.hashes.sha256) {
        return fail(Errc::not_found,
                    fmt::format("{}: {} is not listed by the vendor's role", catalog.path, image.target));
      }
      TRY_IN(catalog.path, feeds::same_image(image, listed->second.length, listed->second.hashes.sha256->hex()));
    }
  }
  return {};
}

}  // namespace

Result<VendorRole> read_vendor_role(const RoleHolder& holder, const SignedFile& file, const TargetBytes& bytes) {
  TRY(check_signed(file, holder));
  const auto role = TRY(tuf::Targets::parse(file.content));
  VendorRole out{holder, file, {}, {}};
  for (const auto& [path, listed] : role.targets) {
    TRY(check_path(holder.role, path));
    auto target = TRY(read_target(path, listed));
    if (is_catalog_path(path)) {
      target.bytes = TRY(bytes(target));
      auto draft = TRY(read_draft(target.bytes, path));
      TRY(check_images(draft.catalog, role));
      out.catalogs.push_back(std::move(draft));
    }
    out.files.push_back(std::move(target));
  }
  return out;
}

Result<std::optional<VendorRole>> included(const Workshop& workshop, const RoleHolder& holder) {
  const auto file = TRY(last_signed(workshop.metadata(), holder.role));
  if (!file) return std::optional<VendorRole>{};
  const auto bytes = [&](const TargetFile& target) { return image_bytes(workshop, target); };
  return std::optional<VendorRole>(
      TRY_IN(fmt::format("what is included of {}", holder.role), read_vendor_role(holder, *file, bytes)));
}

}  // namespace homepatch::feed
