#include "protocols/coap/cbor_reader.hpp"

#include <cbor.h>

#include <limits>

namespace homepatch::coap {

namespace {

using Kind = CborItem::Kind;

CborItem& item(void* context) { return *static_cast<CborItem*>(context); }

void take_unsigned(void* context, std::uint64_t value) noexcept {
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  item(context).kind = Kind::integer;
  item(context).integer = static_cast<std::int64_t>(value > kMost ? kMost : value);
}

// The wire holds -1 - n.
void take_negative(void* context, std::uint64_t value) noexcept {
  take_unsigned(context, value);
  item(context).integer = -1 - item(context).integer;
}

void take_real(void* context, double value) noexcept {
  item(context).kind = Kind::real;
  item(context).real = value;
}

template <Kind kKind>
void take_string(void* context, cbor_data data, std::size_t size) noexcept {
  item(context).kind = kKind;
  item(context).content = {reinterpret_cast<const char*>(data), size};
}

template <Kind kKind>
void take_count(void* context, std::size_t count) noexcept {
  item(context).kind = kKind;
  item(context).count = count;
}

template <Kind kKind>
void take_open(void* context) noexcept {
  item(context).kind = kKind;
  item(context).count = CborItem::kIndefinite;
}

const cbor_callbacks& callbacks() {
  static const cbor_callbacks table = [] {
    cbor_callbacks out = cbor_empty_callbacks;
    out.uint8 = [](void* c, std::uint8_t v) noexcept { take_unsigned(c, v); };
    out.uint16 = [](void* c, std::uint16_t v) noexcept { take_unsigned(c, v); };
    out.uint32 = [](void* c, std::uint32_t v) noexcept { take_unsigned(c, v); };
    out.uint64 = [](void* c, std::uint64_t v) noexcept { take_unsigned(c, v); };
    out.negint8 = [](void* c, std::uint8_t v) noexcept { take_negative(c, v); };
    out.negint16 = [](void* c, std::uint16_t v) noexcept { take_negative(c, v); };
    out.negint32 = [](void* c, std::uint32_t v) noexcept { take_negative(c, v); };
    out.negint64 = [](void* c, std::uint64_t v) noexcept { take_negative(c, v); };
    out.float2 = [](void* c, float v) noexcept { take_real(c, v); };
    out.float4 = [](void* c, float v) noexcept { take_real(c, v); };
    out.float8 = [](void* c, double v) noexcept { take_real(c, v); };
    out.string = &take_string<Kind::text>;
    out.byte_string = &take_string<Kind::bytes>;
    out.string_start = &take_open<Kind::open_text>;
    out.byte_string_start = &take_open<Kind::open_text>;
    out.array_start = &take_count<Kind::array>;
    out.indef_array_start = &take_open<Kind::array>;
    out.map_start = &take_count<Kind::map>;
    out.indef_map_start = &take_open<Kind::map>;
    out.tag = [](void* c, std::uint64_t v) noexcept {
      item(c).kind = Kind::tag;
      item(c).count = v;
    };
    out.boolean = [](void* c, bool v) noexcept {
      item(c).kind = Kind::boolean;
      item(c).integer = v ? 1 : 0;
    };
    out.indef_break = &take_open<Kind::end>;
    return out;
  }();
  return table;
}

}  // namespace

Result<CborItem> CborReader::next() {
  CborItem out;
  if (rest_.empty()) return fail(Errc::malformed, "CBOR: the bytes end too early");
  const auto result = cbor_stream_decode(reinterpret_cast<cbor_data>(rest_.data()), rest_.size(), &callbacks(), &out);
  if (result.status != CBOR_DECODER_FINISHED || result.read > rest_.size()) {
    return fail(Errc::malformed, "CBOR: the bytes end too early or are none");
  }
  rest_.remove_prefix(result.read);
  return out;
}

}  // namespace homepatch::coap
