#include "protocols/coap/registration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "base/text.hpp"

namespace homepatch::coap {

namespace {

constexpr std::size_t kMaxBinding = 8;

template <typename Number>
std::optional<Number> number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Segments split(std::string_view text, char separator) {
  Segments out;
  while (!text.empty()) {
    const auto end = text.find(separator);
    if (end != 0) out.emplace_back(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  return out;
}

Result<std::chrono::seconds> parse_lifetime(std::string_view text) {
  const auto value = number<std::uint32_t>(text);
  if (!value) return fail(Errc::malformed, "lt is no number of seconds");
  const std::chrono::seconds asked(*value);
  return asked.count() == 0 ? kMaxLifetime : std::min(asked, kMaxLifetime);
}

Status take_parameter(RegistrationQuery& out, std::string_view name, std::string_view value) {
  if (name == "ep") {
    if (!is_plain_text(value, DeviceId::kMaxEndpointName)) {
      return fail(Errc::malformed, "ep must be 1 to 63 bytes of text without control characters");
    }
    out.endpoint = value;
  } else if (name == "lt") {
    out.lifetime = TRY(parse_lifetime(value));
  } else if (name == "lwm2m") {
    if (value != "1.0" && value != "1.1" && value != "1.2") {
      return fail(Errc::unsupported, "LwM2M 1.0, 1.1 and 1.2 are spoken here");
    }
    out.version = value;
  } else if (name == "b") {
    const bool letters = std::ranges::all_of(value, [](char c) { return c >= 'A' && c <= 'Z'; });
    if (value.empty() || value.size() > kMaxBinding || !letters) return fail(Errc::malformed, "b is no binding");
    out.binding = value;
    out.queue = out.queue || value.find('Q') != std::string_view::npos;
  } else if (name == "Q") {
    out.queue = true;
  }
  return {};
}

// "/3/0", "/5", "3/0": nothing for a path that names no object or instance.
std::optional<ObjectInstance> object_from(const Segments& path) {
  if (path.empty() || path.size() > 2) return std::nullopt;
  ObjectInstance out;
  const auto object = number<std::uint16_t>(path[0]);
  if (!object) return std::nullopt;
  out.object = *object;
  if (path.size() == 2) {
    out.instance = number<std::uint16_t>(path[1]);
    if (!out.instance) return std::nullopt;
  }
  return out;
}

Result<Segments> parse_root(const std::vector<Link>& links) {
  const auto found = std::ranges::find_if(links, [](const Link& link) { return link.lists("rt", "oma.lwm2m"); });
  if (found == links.end()) return Segments();
  auto root = split(found->target, '/');
  const bool usable = found->target.starts_with('/') && found->target.size() <= kMaxRootBytes &&
                      root.size() <= kMaxRootSegments && is_plain_text(found->target, kMaxRootBytes) &&
                      found->target.find('%') == std::string::npos;
  if (!usable) return fail(Errc::malformed, "the root path of the objects is not usable");
  return root;
}

}  // namespace

std::string to_text(const std::vector<ObjectInstance>& objects, std::size_t max_bytes) {
  std::string out;
  for (const auto& item : objects) {
    auto text = std::to_string(item.object);
    if (item.instance) text += fmt::format("/{}", *item.instance);
    if (out.size() + text.size() + 1 > max_bytes) break;
    if (!out.empty()) out += ' ';
    out += text;
  }
  return out;
}

std::vector<ObjectInstance> objects_from(std::string_view text) {
  std::vector<ObjectInstance> out;
  for (const auto& word : split(text, ' ')) {
    if (const auto item = object_from(split(word, '/'))) out.push_back(*item);
  }
  return out;
}

Result<RegistrationQuery> parse_registration_query(const Segments& query) {
  if (query.size() > kMaxQueries) return fail(Errc::malformed, "too many query parameters");
  RegistrationQuery out;
  std::set<std::string_view> seen;
  for (const auto& parameter : query) {
    if (parameter.size() > kMaxQueryBytes) return fail(Errc::malformed, "a query parameter is too long");
    const std::string_view text(parameter);
    const auto equals = text.find('=');
    const auto name = text.substr(0, equals);
    if (!seen.insert(name).second) return fail(Errc::malformed, "a query parameter is there twice");
    const auto value = equals == std::string_view::npos ? std::string_view() : text.substr(equals + 1);
    TRY(take_parameter(out, name, value));
  }
  return out;
}

Result<ObjectTree> parse_object_links(std::string_view payload) {
  const auto links = TRY(parse_links(payload));
  ObjectTree out;
  out.root = TRY(parse_root(links));
  std::set<ObjectInstance> seen;
  for (const auto& link : links) {
    auto path = split(link.target, '/');
    if (path.size() < out.root.size() || !std::equal(out.root.begin(), out.root.end(), path.begin())) continue;
    path.erase(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(out.root.size()));
    const auto item = object_from(path);
    if (item && seen.insert(*item).second) out.objects.push_back(*item);
  }
  return out;
}

bool Registration::has_object(std::uint16_t object) const {
  return std::ranges::any_of(tree.objects, [object](const ObjectInstance& item) { return item.object == object; });
}

}  // namespace homepatch::coap
