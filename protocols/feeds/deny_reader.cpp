#include "protocols/feeds/deny_reader.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "core/catalog_names.hpp"
#include "protocols/feeds/json_fields.hpp"
#include "trust/strict_json.hpp"

namespace homepatch::feeds {

namespace {

Result<std::map<Digest, std::string>> read_images(const JsonFields& file) {
  std::map<Digest, std::string> out;
  for (const auto& entry : TRY(file.objects("images", 0, kMaxDenied))) {
    const auto text = TRY(entry.text("sha256", 64));
    const auto digest = Digest::parse(text);
    if (!digest) return entry.refuse("sha256", "must be 64 hexadecimal digits");
    out.insert_or_assign(*digest, entry.shown("reason"));
  }
  return out;
}

Result<std::map<Digest, std::string>> read(std::string_view bytes) {
  JsonLimits limits;
  limits.max_bytes = kMaxDenyBytes;
  limits.max_depth = 4;
  limits.max_nodes = 4 * kMaxDenied;
  const auto json = TRY(parse_json(bytes, limits));
  const auto file = TRY(JsonFields::of(json, ""));
  const auto schema = TRY(file.number("homepatch_deny", 1, 1'000'000));
  if (schema != 1) return fail(Errc::unsupported, "homepatch_deny: must be 1; another schema needs another homepatch");
  return read_images(file);
}

}  // namespace

Result<std::map<Digest, std::string>> read_deny(std::string_view bytes) {
  auto out = TRY_IN(kDenyPath, read(bytes));
  return out;
}

std::string write_deny(const std::map<Digest, std::string>& images) {
  auto entries = nlohmann::json::array();
  for (const auto& [digest, reason] : images) entries.push_back({{"sha256", digest.hex()}, {"reason", reason}});
  return nlohmann::json{{"homepatch_deny", 1}, {"images", std::move(entries)}}.dump(
      -1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace homepatch::feeds
