#include "trust/canonical_json.hpp"

#include <string_view>
#include <utility>

#include "base/text.hpp"

namespace homepatch {

namespace {

using nlohmann::json;

constexpr int kMaxDepth = 64;

Status write_string(std::string& out, std::string_view text) {
  if (!is_utf8(text)) return fail(Errc::malformed, "canonical JSON: a text is not UTF-8");
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
  return {};
}

Status write_value(std::string& out, const json& value, int depth);

Status write_object(std::string& out, const json& object, int depth) {
  out += '{';
  bool first = true;
  for (const auto& [key, value] : object.items()) {  // a std::map: sorted by bytes
    if (!std::exchange(first, false)) out += ',';
    TRY(write_string(out, key));
    out += ':';
    TRY(write_value(out, value, depth));
  }
  out += '}';
  return {};
}

Status write_array(std::string& out, const json& array, int depth) {
  out += '[';
  bool first = true;
  for (const auto& value : array) {
    if (!std::exchange(first, false)) out += ',';
    TRY(write_value(out, value, depth));
  }
  out += ']';
  return {};
}

Status write_unsigned(std::string& out, std::uint64_t number) {
  if (!std::in_range<std::int64_t>(number)) return fail(Errc::malformed, "canonical JSON: an integer is too large");
  out += std::to_string(number);
  return {};
}

Status write_value(std::string& out, const json& value, int depth) {
  if (depth > kMaxDepth) return fail(Errc::too_large, "canonical JSON: nested too deep");
  switch (value.type()) {
    case json::value_t::null: out += "null"; return {};
    case json::value_t::boolean: out += value.get<bool>() ? "true" : "false"; return {};
    case json::value_t::number_integer: out += std::to_string(value.get<std::int64_t>()); return {};
    case json::value_t::number_unsigned: return write_unsigned(out, value.get<std::uint64_t>());
    case json::value_t::string: return write_string(out, value.get_ref<const std::string&>());
    case json::value_t::object: return write_object(out, value, depth + 1);
    case json::value_t::array: return write_array(out, value, depth + 1);
    case json::value_t::number_float:
    case json::value_t::binary:
    case json::value_t::discarded: break;
  }
  return fail(Errc::malformed, "canonical JSON: only integers, strings, true, false, null, arrays and objects");
}

}  // namespace

Result<std::string> canonical_json(const json& value) {
  std::string out;
  TRY(write_value(out, value, 0));
  return out;
}

}  // namespace homepatch
