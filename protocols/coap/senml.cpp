#include "protocols/coap/senml.hpp"

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "protocols/coap/cbor_reader.hpp"

namespace homepatch::coap {

namespace {

using Kind = CborItem::Kind;

// RFC 8428 section 4.3, table 4: labels of the CBOR form.
constexpr std::int64_t kBaseName = -2;
constexpr std::int64_t kName = 0;
constexpr std::int64_t kValue = 2;
constexpr std::int64_t kTextValue = 3;
constexpr std::int64_t kBoolValue = 4;
constexpr std::int64_t kDataValue = 8;

std::int64_t whole(double value) {
  constexpr double kMost = 9.0e18;
  if (!std::isfinite(value)) return 0;
  return static_cast<std::int64_t>(std::fmin(std::fmax(value, -kMost), kMost));
}

// One record while its members come in, in any order.
struct Draft {
  std::optional<std::string> base;
  std::string name;
  std::optional<Scalar> value;
};

// Puts records together; the base name holds for those after it too (section 4.5.1).
class Pack {
 public:
  Status add(Draft draft) {
    if (draft.base) base_ = std::move(*draft.base);
    if (!draft.value) return {};
    if (records_.size() >= kMaxSenmlRecords) return fail(Errc::too_large, "SenML: too many records");
    auto path = base_ + draft.name;
    if (path.size() > kMaxSenmlText) return fail(Errc::too_large, "SenML: a name is too long");
    records_.push_back({std::move(path), std::move(*draft.value)});
    return {};
  }
  std::vector<SenmlRecord> take() { return std::move(records_); }

 private:
  std::string base_;
  std::vector<SenmlRecord> records_;
};

Result<Scalar> scalar_of(const CborItem& item) {
  switch (item.kind) {
    case Kind::integer:
    case Kind::boolean: return Scalar(item.integer);
    case Kind::real: return Scalar(whole(item.real));
    case Kind::text:
    case Kind::bytes:
      if (item.content.size() > kMaxSenmlText) return fail(Errc::too_large, "a value is too long");
      return Scalar(std::string(item.content));
    case Kind::null: return Scalar(std::string());
    case Kind::array:
    case Kind::map:
    case Kind::tag:
    case Kind::end:
    case Kind::open_text: break;
  }
  return fail(Errc::malformed, "a single value expected");
}

std::string text_of(const Scalar& value) {
  const auto* text = std::get_if<std::string>(&value);
  return text != nullptr ? *text : std::string();
}

Result<Draft> read_record(CborReader& reader, std::uint64_t members) {
  Draft out;
  for (std::uint64_t i = 0; i < members; ++i) {
    const auto key = TRY(reader.next());
    if (key.kind == Kind::end && members == CborItem::kIndefinite) break;
    const auto item = TRY(reader.next());
    auto value = TRY(scalar_of(item));
    if (key.kind != Kind::integer) continue;  // "vlo" and extensions
    switch (key.integer) {
      case kBaseName: out.base = text_of(value); break;
      case kName: out.name = text_of(value); break;
      case kValue:
      case kTextValue:
      case kBoolValue:
      case kDataValue: out.value = std::move(value); break;
      default: break;
    }
  }
  return out;
}

using Json = nlohmann::json;

std::optional<Scalar> scalar_of(const Json& value) {
  if (value.is_boolean()) return Scalar(std::int64_t{value.get<bool>() ? 1 : 0});
  if (value.is_number_unsigned()) return Scalar(static_cast<std::int64_t>(value.get<std::uint64_t>() & INT64_MAX));
  if (value.is_number_integer()) return Scalar(value.get<std::int64_t>());
  if (value.is_number_float()) return Scalar(whole(value.get<double>()));
  if (value.is_string() && value.get_ref<const std::string&>().size() <= kMaxSenmlText) {
    return Scalar(value.get<std::string>());
  }
  return std::nullopt;
}

Draft draft_of(const Json& record) {
  Draft out;
  for (const auto& [key, value] : record.items()) {
    auto scalar = scalar_of(value);
    if (!scalar) continue;
    if (key == "bn") out.base = text_of(*scalar);
    if (key == "n") out.name = text_of(*scalar);
    if (key == "v" || key == "vs" || key == "vb" || key == "vd") out.value = std::move(scalar);
  }
  return out;
}

}  // namespace

Result<std::vector<SenmlRecord>> parse_senml_json(std::string_view bytes) {
  constexpr int kMaxDepth = 3;  // array, record, value
  bool too_deep = false;
  const auto shallow = [&too_deep](int depth, Json::parse_event_t, Json&) {
    too_deep = too_deep || depth > kMaxDepth;
    return !too_deep;
  };
  const Json pack = Json::parse(bytes, shallow, false);
  if (too_deep || !pack.is_array()) return fail(Errc::malformed, "SenML JSON: an array of records expected");
  Pack out;
  for (const auto& record : pack) {
    if (!record.is_object()) return fail(Errc::malformed, "SenML JSON: a record expected");
    TRY(out.add(draft_of(record)));
  }
  return out.take();
}

Result<std::vector<SenmlRecord>> parse_senml_cbor(std::string_view bytes) {
  CborReader reader(bytes);
  const auto pack = TRY(reader.next());
  if (pack.kind != Kind::array) return fail(Errc::malformed, "SenML CBOR: an array of records expected");
  Pack out;
  for (std::uint64_t i = 0; i < pack.count; ++i) {
    const auto record = TRY(reader.next());
    if (record.kind == Kind::end && pack.count == CborItem::kIndefinite) break;
    if (record.kind != Kind::map) return fail(Errc::malformed, "SenML CBOR: a record expected");
    auto draft = TRY(read_record(reader, record.count));
    TRY(out.add(std::move(draft)));
  }
  return out.take();
}

Result<Scalar> parse_cbor_scalar(std::string_view bytes) {
  CborReader reader(bytes);
  auto item = TRY(reader.next());
  if (item.kind == Kind::tag) item = TRY(reader.next());
  return scalar_of(item);
}

}  // namespace homepatch::coap
