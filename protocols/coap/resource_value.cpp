#include "protocols/coap/resource_value.hpp"

#include <fmt/format.h>

#include <charconv>

#include "protocols/coap/senml.hpp"
#include "protocols/coap/tlv.hpp"

namespace homepatch::coap {

namespace {

// Values of one resource before their type is known: TLV leaves integers as bytes, the others do not.
struct Raw {
  Scalar value;
  bool tlv = false;
};

// Numbers before the registered ones that clients of before LwM2M 1.0 use.
constexpr ContentFormat kOldTlv = 1542;

Unexpected not_there(std::uint16_t resource) {
  return fail(Errc::malformed, fmt::format("the answer does not hold resource {}", resource));
}

Raw raw(std::string_view value) { return {Scalar(std::string(value)), true}; }

Result<std::vector<Raw>> from_tlv(std::string_view payload, std::uint16_t resource, bool in_instance = false) {
  std::vector<Raw> out;
  bool found = false;
  const auto entries = TRY(parse_tlv(payload));
  for (const auto& entry : entries) {
    if (entry.kind == TlvEntry::Kind::object_instance) {
      if (in_instance) return fail(Errc::malformed, "TLV: an instance within an instance");
      return from_tlv(entry.value, resource, true);
    }
    if (entry.kind == TlvEntry::Kind::resource_instance) {  // some leave the wrapper out
      out.push_back(raw(entry.value));
      found = true;
    }
    if (entry.id != resource) continue;
    if (entry.kind == TlvEntry::Kind::resource) {
      out.assign(1, raw(entry.value));  // a repeated id: the last counts
      found = true;
    } else if (entry.kind == TlvEntry::Kind::multiple_resource) {
      out.clear();
      const auto instances = TRY(parse_tlv(entry.value));
      for (const auto& instance : instances) out.push_back(raw(instance.value));
      found = true;
    }
  }
  if (!found) return not_there(resource);
  return out;
}

// "/5/0/8" itself, or an instance of it: "/5/0/8/1".
bool names(std::string_view path, std::uint16_t resource) {
  const auto number = fmt::format("/{}", resource);
  if (path.ends_with(number)) return true;
  const auto last = path.rfind('/');
  return last != std::string_view::npos && path.substr(0, last).ends_with(number);
}

Result<std::vector<Raw>> from_senml(Result<std::vector<SenmlRecord>> pack, std::uint16_t resource) {
  auto records = TRY(std::move(pack));
  std::vector<Raw> out;
  for (auto& record : records) {
    if (names(record.path, resource)) out.push_back({std::move(record.value)});
  }
  if (out.empty()) return not_there(resource);
  return out;
}

Result<std::vector<Raw>> from_cbor(std::string_view payload) {
  auto value = TRY(parse_cbor_scalar(payload));
  return std::vector<Raw>{{std::move(value)}};
}

Result<std::vector<Raw>> values_of(const ResourceBytes& bytes) {
  switch (bytes.format.value_or(kText)) {
    case kText:
    case kOctets: return std::vector<Raw>{{Scalar(std::string(bytes.payload))}};
    case kLwm2mTlv:
    case kOldTlv: return from_tlv(bytes.payload, bytes.resource);
    case kSenmlJson: return from_senml(parse_senml_json(bytes.payload), bytes.resource);
    case kSenmlCbor: return from_senml(parse_senml_cbor(bytes.payload), bytes.resource);
    case kCbor: return from_cbor(bytes.payload);
    default: return fail(Errc::unsupported, fmt::format("content format {} is not understood", *bytes.format));
  }
}

Result<Raw> single(const ResourceBytes& bytes) {
  auto values = TRY(values_of(bytes));
  if (values.empty()) return not_there(bytes.resource);
  return std::move(values.front());
}

Result<std::int64_t> integer_of(const Raw& raw) {
  if (const auto* number = std::get_if<std::int64_t>(&raw.value)) return *number;
  const auto& text = std::get<std::string>(raw.value);
  if (raw.tlv) return tlv_integer(text);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
    return fail(Errc::malformed, "an integer expected");
  }
  return value;
}

}  // namespace

bool is_understood(std::optional<ContentFormat> format) {
  switch (format.value_or(kText)) {
    case kText:
    case kOctets:
    case kLwm2mTlv:
    case kOldTlv:
    case kSenmlJson:
    case kSenmlCbor:
    case kCbor: return true;
    default: return false;
  }
}

Result<std::string> read_text(const ResourceBytes& bytes) {
  const auto value = TRY(single(bytes));
  if (const auto* number = std::get_if<std::int64_t>(&value.value)) return std::to_string(*number);
  return std::get<std::string>(value.value);
}

Result<std::int64_t> read_integer(const ResourceBytes& bytes) {
  const auto value = TRY(single(bytes));
  return integer_of(value);
}

Result<std::vector<std::int64_t>> read_integers(const ResourceBytes& bytes) {
  const auto values = TRY(values_of(bytes));
  std::vector<std::int64_t> out;
  for (const auto& value : values) {
    const auto number = TRY(integer_of(value));
    out.push_back(number);
  }
  return out;
}

}  // namespace homepatch::coap
