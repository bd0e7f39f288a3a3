#include "protocols/feeds/release_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/catalog_names.hpp"

namespace homepatch::feeds {

namespace {

constexpr std::size_t kMaxComponent = 32;
constexpr std::string_view kMainComponent = "app";
constexpr std::array<std::string_view, 8> kFormats{"raw",        "mcuboot", "esp-app", "suit",
                                                   "zigbee-ota", "mender",  "rauc",    "swu"};

bool contains(const std::vector<std::string>& list, std::string_view wanted) {
  return std::find(list.begin(), list.end(), wanted) != list.end();
}

Result<Digest> read_digest(const JsonFields& fields) {
  const auto hex = TRY(fields.text("sha256", Digest::kSize * 2));
  const auto digest = Digest::parse(hex);
  if (!digest || digest->hex() != hex) return fields.refuse("sha256", "must be 64 hexadecimal digits in lower case");
  return *digest;
}

Result<std::string> read_component(const JsonFields& fields) {
  auto component = TRY(fields.text("component", kMaxComponent));
  if (!is_model_id(component)) {
    return fields.refuse("component", "must be of a-z, 0-9, '.', '_' and '-'; the program that runs is \"app\"");
  }
  return component;
}

Result<std::string> read_target(const JsonFields& fields, const std::string& folder) {
  auto target = TRY(fields.text("target", kMaxTargetPath));
  if (!is_target_path(target) || !target.starts_with(folder)) {
    return fields.refuse("target", fmt::format("must be a path under {} of letters, digits and . _ -", folder));
  }
  if (is_catalog_path(target)) return fields.refuse("target", "must not be the catalog itself");
  return target;
}

Result<std::string> read_format(const JsonFields& fields) {
  auto format = TRY(fields.text("format", kMaxComponent));
  if (std::find(kFormats.begin(), kFormats.end(), format) != kFormats.end()) return format;
  return fields.refuse("format", fmt::format("must be one of {}", fmt::join(kFormats, ", ")));
}

Status check_image_hardware(const JsonFields& fields, const Image& image, const std::vector<std::string>& model_hw) {
  for (const auto& hw : image.hw) {
    if (hw == kAnyHardware || contains(model_hw, hw)) continue;
    return fields.refuse("hw", fmt::format("'{}' is not among model.hw: {}", hw, fmt::join(model_hw, ", ")));
  }
  return {};
}

// What only a null can stand for here: a member of the format that homepatch cannot judge, said not to be used.
Status check_unused(const JsonFields& fields, std::string_view key) {
  if (!fields.has(key)) return {};
  return fields.refuse(key, "must be null or absent: homepatch cannot judge it");
}

// Everything in an image decides something, so nothing unknown may stand in it.
Result<Image> read_image(const JsonFields& fields, const std::vector<std::string>& model_hw,
                         const std::string& folder) {
  TRY(fields.only({"component", "hw", "target", "length", "sha256", "format", "suit"}));
  TRY(check_unused(fields, "suit"));
  Image image;
  image.component = TRY(read_component(fields));
  image.hw = TRY(read_hardware(fields));
  TRY(check_image_hardware(fields, image, model_hw));
  image.target = TRY(read_target(fields, folder));
  image.length = static_cast<std::uint64_t>(TRY(fields.number("length", 1, kMaxImageLength)));
  image.sha256 = TRY(read_digest(fields));
  image.format = TRY(read_format(fields));
  return image;
}

// Whether some device would find two images for one component.
bool overlap(const Image& a, const Image& b) {
  if (a.component != b.component) return false;
  if (contains(a.hw, kAnyHardware) || contains(b.hw, kAnyHardware)) return true;
  return std::any_of(a.hw.begin(), a.hw.end(), [&](const std::string& hw) { return contains(b.hw, hw); });
}

Result<std::vector<Image>> read_images(const JsonFields& release, const std::vector<std::string>& model_hw,
                                       const std::string& folder) {
  std::vector<Image> images;
  for (const auto& fields : TRY(release.objects("images", 0, kMaxImages))) {
    auto image = TRY(read_image(fields, model_hw, folder));
    for (const auto& other : images) {
      if (overlap(image, other)) {
        return fields.refuse("hw", fmt::format("another image of this release is also component '{}' for the same "
                                               "hardware",
                                               image.component));
      }
    }
    images.push_back(std::move(image));
  }
  const auto is_main = [](const Image& image) { return image.component == kMainComponent; };
  if (!images.empty() && std::none_of(images.begin(), images.end(), is_main)) {
    return release.refuse("images", "one of them must be the component \"app\"");
  }
  return images;
}

// Between models of one maker alone: nobody may hold up another maker's updates.
Result<std::vector<Dependency>> read_components(const JsonFields& fields, const std::string& folder) {
  const auto vendor = folder.substr(0, folder.find('/'));
  std::vector<Dependency> out;
  for (const auto& entry : TRY(fields.objects("components", 0, kMaxDependencies))) {
    TRY(entry.only({"vendor", "model", "seq_min"}));
    if (TRY(entry.text("vendor", kMaxVendorId)) != vendor) {
      return entry.refuse("vendor", fmt::format("must be {}, the catalog's own", vendor));
    }
    Dependency needed;
    needed.model_id = TRY(entry.text("model", kMaxModelId));
    if (!is_model_id(needed.model_id)) return entry.refuse("model", "must be of a-z, 0-9, '.', '_' and '-'");
    if (model_folder(vendor, needed.model_id) == folder) {
      return entry.refuse("model", "is this model itself: from_seq_min says what a device must run already");
    }
    needed.seq_min = TRY(entry.number("seq_min", 1, kMaxSeq));
    out.push_back(std::move(needed));
  }
  return out;
}

Result<Requires> read_requires(const JsonFields& release, std::int64_t seq, const std::string& folder) {
  Requires out;
  if (!release.has("requires")) return out;
  const auto fields = TRY(release.object("requires"));
  TRY(fields.only({"from_seq_min", "from_seq_max", "battery_min", "mains", "components", "precursor_sha256"}));
  TRY(check_unused(fields, "precursor_sha256"));
  if (fields.has("from_seq_min")) out.from_seq_min = TRY(fields.number("from_seq_min", 0, seq - 1));
  if (fields.has("from_seq_max")) {
    out.from_seq_max = TRY(fields.number("from_seq_max", out.from_seq_min.value_or(0), kMaxSeq));
  }
  if (fields.has("battery_min")) out.battery_min = static_cast<int>(TRY(fields.number("battery_min", 0, 100)));
  if (fields.has("mains")) out.mains = TRY(fields.boolean("mains"));
  if (fields.has("components")) out.components = TRY(read_components(fields, folder));
  return out;
}

// Only what this release is said to fix: an entry with another `vex` status than "fixed" is information, not a fix. The
// first ones that are well formed: what stands wrong beside them hides none.
std::vector<std::string> read_cves(const JsonFields& release) {
  std::vector<std::string> out;
  const auto& entries = release.raw("cve");
  if (!entries.is_array()) return out;
  for (const auto& value : entries) {
    if (out.size() == kMaxCves) break;
    const auto entry = JsonFields::of(value, release.place("cve"));
    if (!entry || (entry->has("vex") && entry->shown("vex") != "fixed")) continue;
    if (auto id = entry->shown("id", kMaxCveId); !id.empty()) out.push_back(std::move(id));
  }
  return out;
}

Result<ReleaseKind> read_kind(const JsonFields& release) {
  const auto kind = release_kind_from(TRY(release.text("kind", 20)));
  if (!kind) return release.refuse("kind", "must be security, feature or mixed");
  return *kind;
}

void read_display(const JsonFields& fields, Release& release) {
  const auto date = fields.shown("date");
  if (is_timestamp(date) || is_date(date)) release.date = date;
  release.severity = severity_from(fields.shown("severity")).value_or(Severity::none);
  release.emergency = fields.raw("emergency") == true;
  release.cves = read_cves(fields);
  release.summary = fields.translations("summary");
  release.user_action = fields.translations("user_action");
  release.advisory_url = fields.shown("advisory_url");
}

}  // namespace

Result<std::vector<std::string>> read_hardware(const JsonFields& fields) {
  auto hw = TRY(fields.texts("hw", kMaxHardware, kMaxMatchValue));
  if (contains(hw, kAnyHardware) && hw.size() > 1) return fields.refuse("hw", "\"any\" must stand alone");
  auto sorted = hw;
  std::sort(sorted.begin(), sorted.end());
  if (const auto twice = std::adjacent_find(sorted.begin(), sorted.end()); twice != sorted.end()) {
    return fields.refuse("hw", fmt::format("names '{}' twice", *twice));
  }
  return hw;
}

Result<Release> read_release(const JsonFields& fields, const std::vector<std::string>& model_hw,
                             const std::string& folder) {
  Release release;
  release.id = TRY(fields.text("id", kMaxReleaseId));
  if (!is_release_id(release.id)) return fields.refuse("id", "must be of letters, digits and . _ -");
  release.version = TRY(fields.text("version", kMaxMatchValue));
  release.seq = TRY(fields.number("seq", 1, kMaxSeq));
  release.min_allowed_seq = TRY(fields.number("min_allowed_seq", 0, release.seq));
  release.kind = TRY(read_kind(fields));
  release.required = TRY(read_requires(fields, release.seq, folder));
  release.images = TRY(read_images(fields, model_hw, folder));
  read_display(fields, release);
  return release;
}

}  // namespace homepatch::feeds
