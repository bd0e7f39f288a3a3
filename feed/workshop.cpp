#include "feed/workshop.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/file.hpp"
#include "base/text.hpp"
#include "core/catalog_names.hpp"
#include "feed/form.hpp"
#include "trust/hash.hpp"

namespace homepatch::feed {

namespace {

namespace fs = std::filesystem;

constexpr std::array kMembers{
    Member{"name", Kind::text},
    Member{"vendor", Kind::text},
    Member{"expiry_days.root", Kind::number},
    Member{"expiry_days.targets", Kind::number},
    Member{"expiry_days.snapshot", Kind::number},
    Member{"expiry_days.timestamp", Kind::number},
    Member{"delegated", Kind::flag},
    Member{"first_version", Kind::number},
};

constexpr int kMaxDays = 36'500;
constexpr std::size_t kMaxPublishedModels = 16U << 20U;

std::string settings_text(const Settings& settings) {
  const std::string vendor = settings.vendor.empty()
                                 ? "# vendor = \"acme.example\"   # then only its releases are taken"
                                 : fmt::format("vendor = \"{}\"", settings.vendor);
  const std::string delegated = settings.delegated
                                    ? fmt::format(
                                          "\n# Another feed takes in what is signed here, from this version on.\n"
                                          "delegated = true\nfirst_version = {}\n",
                                          settings.first_version)
                                    : "";
  // JSON's quoting of a plain text is TOML's too.
  return fmt::format(
      "# A homepatch feed's work folder. Private: it holds signing keys. Only what `homepatch-feed publish` writes is\n"
      "# served.\n"
      "name = {}\n{}\n{}\n"
      "# How long signed metadata is valid. Homes refuse new releases from a feed whose metadata has expired.\n"
      "[expiry_days]\nroot = {}\ntargets = {}\nsnapshot = {}\ntimestamp = {}\n",
      nlohmann::json(settings.name).dump(), vendor, delegated, settings.days.root, settings.days.targets,
      settings.days.snapshot, settings.days.timestamp);
}

Status read_days(const TomlDocument& document, std::string_view role, int& days) {
  if (!document.content.contains("expiry_days") || !document.content["expiry_days"].contains(role)) return {};
  const auto value = document.content["expiry_days"][std::string(role)].get<std::int64_t>();
  if (value < 1 || value > kMaxDays) {
    return document.refuse(fmt::format("expiry_days.{}", role), fmt::format("must be 1 to {} days", kMaxDays));
  }
  days = static_cast<int>(value);
  return {};
}

Result<Settings> read_settings(const fs::path& path) {
  const auto document = TRY(TomlDocument::load(path));
  TRY(check_form(document, kMembers));
  Settings settings;
  if (!document.content.contains("name")) return document.refuse("name", "is missing");
  settings.name = document.content["name"];
  settings.vendor = document.content.value("vendor", "");
  if (!settings.vendor.empty() && !is_vendor_id(settings.vendor)) {
    return document.refuse("vendor", "must be a domain name in lower case, such as acme.example");
  }
  settings.delegated = document.content.value("delegated", false);
  settings.first_version = document.content.value("first_version", std::int64_t{1});
  if (settings.first_version < 1) return document.refuse("first_version", "must be 1 or more");
  if (settings.delegated && settings.vendor.empty()) {
    return document.refuse("vendor", "is missing: a delegated folder is one vendor's");
  }
  TRY(read_days(document, "root", settings.days.root));
  TRY(read_days(document, "targets", settings.days.targets));
  TRY(read_days(document, "snapshot", settings.days.snapshot));
  TRY(read_days(document, "timestamp", settings.days.timestamp));
  return settings;
}

// Held until the process ends its work: two at once could sign two files of one version.
Result<UniqueFd> lock(const fs::path& folder) {
  UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return fail(errno_error(fmt::format("opening the work folder {}", folder.string()), errno));
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    return fail(Errc::busy,
                fmt::format("another homepatch-feed works in {}; try again when it is done", folder.string()));
  }
  return fd;
}

Result<std::optional<CatalogDraft>> read_catalog_under(const fs::path& folder, const std::string& path) {
  const auto bytes = read_file(folder / path, kMaxCatalogBytes);
  if (!bytes && bytes.error().code == Errc::not_found) return std::optional<CatalogDraft>{};
  if (!bytes) return fail(bytes.error());
  return std::optional<CatalogDraft>(TRY_IN((folder / path).string(), read_draft(*bytes, path)));
}

Status write_catalog_under(const fs::path& folder, const CatalogDraft& draft) {
  TRY(make_folder((folder / draft.catalog.path).parent_path()));
  return write_file_atomically(folder / draft.catalog.path, draft.bytes());
}

// The names of the folders in `folder`, sorted; none where it does not exist.
std::vector<std::string> folders_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    if (entry.is_directory(ignored)) names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

Status Workshop::check_new(const fs::path& folder, const Settings& settings) {
  if (!is_plain_text(settings.name, 100)) {
    return fail(Errc::invalid_argument, "the feed's name must be a text of 1 to 100 bytes without control characters");
  }
  if (!settings.vendor.empty() && !is_vendor_id(settings.vendor)) {
    return fail(Errc::invalid_argument, fmt::format("the vendor '{}' must be a domain name in lower case, such as "
                                                    "acme.example",
                                                    printable(settings.vendor, kMaxVendorId)));
  }
  std::error_code ignored;
  if (fs::exists(folder / "feed.toml", ignored)) {
    return fail(Errc::already_exists, fmt::format("{} holds a feed already; choose another folder", folder.string()));
  }
  return {};
}

Result<Workshop> Workshop::create(const fs::path& folder, const Settings& settings) {
  TRY(check_new(folder, settings));
  TRY(make_folder(folder / "keys"));
  if (::chmod((folder / "keys").c_str(), 0700) != 0) return fail(errno_error("closing the keys' folder", errno));
  for (const auto* name : {"models", "published", "images", "metadata"}) TRY(make_folder(folder / name));
  TRY(write_file_atomically(folder / "feed.toml", settings_text(settings)));
  return open(folder);
}

Result<Workshop> Workshop::open(const fs::path& folder) {
  std::error_code ignored;
  if (!fs::exists(folder / "feed.toml", ignored)) {
    return fail(Errc::not_found,
                fmt::format("there is no feed in {} (no feed.toml); make one with homepatch-feed init, "
                            "or name its folder with --feed",
                            folder.string()));
  }
  auto held = TRY(lock(folder));
  auto settings = TRY(read_settings(folder / "feed.toml"));
  return Workshop(folder, std::move(settings), std::move(held));
}

Result<std::vector<CatalogDraft>> Workshop::drafts() const {
  std::vector<CatalogDraft> out;
  for (const auto& vendor : folders_in(folder_ / "models")) {
    for (const auto& model : folders_in(folder_ / "models" / vendor)) {
      auto one = TRY(draft(catalog_path(vendor, model)));
      if (one) out.push_back(*std::move(one));
    }
  }
  return out;
}

Result<std::optional<CatalogDraft>> Workshop::draft(const std::string& path) const {
  return read_catalog_under(folder_ / "models", path);
}

Result<std::optional<CatalogDraft>> Workshop::published(const std::string& path) const {
  return read_catalog_under(folder_ / "published", path);
}

Status Workshop::keep_draft(const CatalogDraft& draft) const { return write_catalog_under(folder_ / "models", draft); }

Status Workshop::keep_published(const CatalogDraft& draft) const {
  return write_catalog_under(folder_ / "published", draft);
}

Status Workshop::keep_image(const ImageFile& source) const {
  std::error_code ignored;
  if (fs::exists(image(source.sha256), ignored)) return {};
  const auto bytes = TRY(read_file(source.path, kMaxImageLength));
  if (sha256(bytes) != source.sha256) {
    return fail(Errc::busy, fmt::format("{} changed while it was read; add it again", source.path.string()));
  }
  return keep_bytes(source.sha256, bytes);
}

Status Workshop::keep_bytes(const Digest& digest, std::string_view bytes) const {
  std::error_code ignored;
  if (fs::file_size(image(digest), ignored) == bytes.size() && !ignored) return {};
  return write_file_atomically(image(digest), bytes);
}

Result<std::string> Workshop::published_models() const {
  return read_file(folder_ / "published" / kModelsPath, kMaxPublishedModels);
}

Status Workshop::keep_published_models(std::string_view bytes) const {
  const auto path = folder_ / "published" / kModelsPath;
  TRY(make_folder(path.parent_path()));
  return write_file_atomically(path, bytes);
}

Status Workshop::check_stays_private(const fs::path& served) const {
  std::error_code error;
  const auto here = fs::weakly_canonical(folder_, error);
  const auto there = error ? fs::path() : fs::weakly_canonical(fs::absolute(served), error);
  if (error) return fail(errno_error(fmt::format("looking at {}", served.string()), error.value()));
  if (std::mismatch(there.begin(), there.end(), here.begin(), here.end()).first != there.end()) return {};
  return fail(Errc::invalid_argument,
              fmt::format("{} holds this feed's work folder with its keys, and must not be served; name another folder",
                          served.string()));
}

Status Workshop::check_whole_feed() const {
  if (!settings_.delegated) return {};
  return fail(Errc::unsupported,
              fmt::format("{} is the folder of the delegated vendor {}: only its own releases are signed here (add, "
                          "publish, prepare, attach, sign, rotate {}); the rest is done by the feed that takes them in",
                          folder_.string(), settings_.vendor, settings_.vendor));
}

}  // namespace homepatch::feed
