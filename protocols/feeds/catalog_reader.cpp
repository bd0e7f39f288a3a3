#include "protocols/feeds/catalog_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/text.hpp"
#include "core/catalog_names.hpp"
#include "protocols/feeds/json_fields.hpp"
#include "protocols/feeds/match_keys.hpp"
#include "protocols/feeds/release_reader.hpp"
#include "trust/strict_json.hpp"

namespace homepatch::feeds {

namespace {

constexpr std::int64_t kSchema = 1;
constexpr std::size_t kMaxDepth = 16;
constexpr std::array<std::string_view, 4> kMethods{"auto", "confirm", "manual", "none"};
constexpr std::array<std::string_view, 3> kDeviceVerifies{"signature", "hash", "none"};

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& words, std::string_view text) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

Status check_schema(const JsonFields& top) {
  if (!top.has("homepatch_catalog")) return top.refuse("homepatch_catalog", "is missing: this is not a catalog");
  if (top.raw("homepatch_catalog") == kSchema) return {};
  return fail(Errc::unsupported,
              "homepatch_catalog: must be 1; a catalog of another schema needs another version of homepatch");
}

Status read_vendor(const JsonFields& top, Catalog& catalog) {
  const auto vendor = TRY(top.object("vendor"));
  catalog.vendor_id = TRY(vendor.text("id", kMaxVendorId));
  if (!is_vendor_id(catalog.vendor_id)) {
    return vendor.refuse("id", "must be a domain name in lower case, such as acme.example");
  }
  catalog.vendor_name = vendor.shown("name");
  catalog.security_contact = vendor.shown("security_contact");
  return {};
}

Status read_family_matches(const JsonFields& match, const std::string& family, Catalog& catalog) {
  std::set<MatchKeys> seen;
  for (const auto& entry : TRY(match.objects(family, 1, kMaxMatches))) {
    MatchKeys keys;
    for (const auto& [key, value] : entry.value().items()) {
      if (!value.is_string()) return entry.refuse(printable(key, 40), "must be a text");
      keys.emplace(key, value.get<std::string>());
    }
    auto one = TRY_IN(entry.place(), read_match(family, keys));
    if (!seen.insert(std::move(keys)).second) return match.refuse(family, "names the same keys twice");
    if (one) catalog.match.push_back(std::move(*one));
  }
  return {};
}

Status read_model(const JsonFields& top, Catalog& catalog) {
  const auto model = TRY(top.object("model"));
  catalog.model_id = TRY(model.text("id", kMaxModelId));
  if (!is_model_id(catalog.model_id)) return model.refuse("id", "must be of a-z, 0-9, '.', '_' and '-'");
  catalog.model_name = model.shown("name");
  catalog.hw = TRY(read_hardware(model));
  const auto match = TRY(model.object("match"));
  if (match.value().empty()) return model.refuse("match", "must name at least one device family");
  for (const auto& [family, entries] : match.value().items()) {
    if (check_family(family)) TRY(read_family_matches(match, family, catalog));
  }
  return {};
}

Status read_updatability(const JsonFields& top, Catalog& catalog) {
  const auto fields = TRY(top.object("updatability"));
  catalog.updatable = TRY(fields.boolean("updatable"));
  catalog.method = TRY(fields.text("method", kMaxShown));
  if (!is_one_of(kMethods, catalog.method)) {
    return fields.refuse("method", fmt::format("must be one of {}", fmt::join(kMethods, ", ")));
  }
  if (auto verifies = fields.shown("device_verifies"); is_one_of(kDeviceVerifies, verifies)) {
    catalog.device_verifies = std::move(verifies);
  }
  catalog.no_update_reason = fields.shown("no_update_reason", kMaxProse);
  return {};
}

// A statement of support without a date says nothing.
void read_support(const JsonFields& top, Catalog& catalog) {
  const auto fields = top.object("support");
  if (!fields) return;
  Support support;
  support.start = fields->shown_date("start");
  support.end = fields->shown_date("end");
  if (support.end.empty()) return;
  support.kind = fields->shown("kind") == "guaranteed" ? "guaranteed" : "anticipated";
  if (const auto after = fields->object("after_end")) support.advice_after_end = after->translations("advice");
  catalog.support = std::move(support);
}

Status read_end_of_life(const JsonFields& top, Catalog& catalog) {
  if (!top.has("eol")) return {};
  const auto fields = TRY(top.object("eol"));
  catalog.end_of_life = true;
  catalog.end_of_life_since = fields.shown_date("since");
  catalog.end_of_life_advice = fields.translations("advice");
  return {};
}

// Releases among each other: one id, one version and one seq each, and one target names the same bytes everywhere.
class Distinct {
 public:
  Status take(const JsonFields& fields, const Release& release) {
    if (!ids_.insert(release.id).second) return fields.refuse("id", fmt::format("'{}' occurs twice", release.id));
    if (!versions_.insert(release.version).second) {
      return fields.refuse("version", fmt::format("'{}' occurs twice", release.version));
    }
    if (!seqs_.insert(release.seq).second) return fields.refuse("seq", fmt::format("{} occurs twice", release.seq));
    for (const auto& image : release.images) {
      const auto& first = targets_.try_emplace(image.target, image).first->second;
      if (first.sha256 != image.sha256 || first.length != image.length) {
        return fields.refuse("images", fmt::format("{} has another digest or length elsewhere", image.target));
      }
    }
    return {};
  }

 private:
  std::set<std::string> ids_;
  std::set<std::string> versions_;
  std::set<std::int64_t> seqs_;
  std::map<std::string, Image> targets_;
};

Status read_releases(const JsonFields& top, Catalog& catalog) {
  const auto folder = model_folder(catalog.vendor_id, catalog.model_id);
  Distinct distinct;
  for (const auto& fields : TRY(top.objects("releases", 0, kMaxReleases))) {
    auto release = TRY(read_release(fields, catalog.hw, folder));
    TRY(distinct.take(fields, release));
    catalog.releases.push_back(std::move(release));
  }
  std::sort(catalog.releases.begin(), catalog.releases.end(),
            [](const Release& a, const Release& b) { return a.seq < b.seq; });
  return {};
}

Status read_date(const JsonFields& top, Catalog& catalog) {
  catalog.date = TRY(top.text("date", kMaxShown));
  if (is_timestamp(catalog.date)) return {};
  return top.refuse("date", "must be a moment in UTC such as 2026-11-23T10:00:00Z");
}

Result<Catalog> read_fields(const JsonFields& top, std::string_view path) {
  Catalog catalog;
  TRY(check_schema(top));
  TRY(read_date(top, catalog));
  TRY(read_vendor(top, catalog));
  TRY(read_model(top, catalog));
  catalog.path = catalog_path(catalog.vendor_id, catalog.model_id);
  if (catalog.path != path) {
    return fail(Errc::malformed, fmt::format("it names itself {}, which is not where it lies", catalog.path));
  }
  TRY(read_updatability(top, catalog));
  read_support(top, catalog);
  TRY(read_releases(top, catalog));
  TRY(read_end_of_life(top, catalog));
  return catalog;
}

Result<Catalog> read_bytes(std::string_view bytes, std::string_view path) {
  const auto document = TRY(parse_json(bytes, {.max_bytes = kMaxCatalogBytes, .max_depth = kMaxDepth}));
  return read_fields(TRY(JsonFields::of(document, "")), path);
}

}  // namespace

Result<Catalog> read_catalog(std::string_view bytes, std::string_view path) {
  return TRY_IN(fmt::format("the catalog {}", printable(path, kMaxTargetPath)), read_bytes(bytes, path));
}

Status same_image(const Image& image, std::uint64_t tuf_length, std::string_view tuf_sha256) {
  const auto digest = Digest::parse(tuf_sha256);
  if (digest && *digest == image.sha256 && tuf_length == image.length) return {};
  return fail(
      Errc::not_trusted,
      fmt::format("{}: the catalog says {} bytes with SHA-256 {}, the feed's metadata {} bytes with {}; the feed "
                  "must be published anew",
                  image.target, image.length, image.sha256.brief(), tuf_length,
                  digest ? digest->brief() : std::string("no SHA-256")));
}

}  // namespace homepatch::feeds
