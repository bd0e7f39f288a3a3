#include "sim/image/esp_image.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "sim/hash.hpp"
#include "sim/little_endian.hpp"

namespace homepatch::sim {

namespace {

constexpr char kMagic = static_cast<char>(0xE9);
constexpr std::uint32_t kDescriptionMagic = 0xABCD5432;
constexpr std::size_t kDescriptionSize = 256;
constexpr std::size_t kNameRoom = 32;  // its last byte is NUL
constexpr std::size_t kLongHeader = 24;
constexpr std::size_t kShortHeader = 8;
constexpr std::size_t kSegmentHeader = 8;
constexpr std::size_t kMaxShortImage = 1024U * 1024U;  // the flash that an ESP8266 maps

std::size_t header_size(EspChip chip) { return chip == EspChip::esp8266 ? kShortHeader : kLongHeader; }

std::string padded(std::string_view text, std::size_t room) {
  std::string out(text.substr(0, room - 1));
  out.resize(room, '\0');
  return out;
}

std::string text_at(std::string_view bytes, std::size_t at) {
  const auto field = bytes.substr(at, kNameRoom);
  return std::string(field.substr(0, field.find('\0')));
}

std::string header(EspChip chip) {
  std::string out(1, kMagic);
  put_u8(out, 1);     // segments
  put_u8(out, 2);     // flash mode DIO
  put_u8(out, 0x20);  // flash size and speed
  put_u32(out, 0x40081000);
  if (chip == EspChip::esp8266) return out;
  put_u8(out, 0xEE);  // write protect pin: none
  out.append(3, '\0');
  put_u16(out, static_cast<std::uint16_t>(chip));
  put_u8(out, 0);   // minimum revision
  put_u16(out, 0);  // the same, new style
  put_u16(out, 199);
  out.append(4, '\0');
  put_u8(out, 1);  // hash appended
  return out;
}

std::string description(const EspImageOrder& order, std::string_view body) {
  std::string out;
  put_u32(out, kDescriptionMagic);
  put_u32(out, 0);
  out.append(8, '\0');
  out += padded(order.version, kNameRoom);
  out += padded(order.name, kNameRoom);
  out += padded("00:00:00", 16);
  out += padded("Jan  1 2024", 16);
  out += padded("v5.1.4", kNameRoom);
  out += sha256(body);
  out.resize(kDescriptionSize, '\0');
  return out;
}

char checksum(std::string_view data) {
  auto sum = static_cast<std::uint8_t>(0xEF);
  for (const char c : data) sum = static_cast<std::uint8_t>(sum ^ static_cast<std::uint8_t>(c));
  return static_cast<char>(sum);
}

Result<ImageFacts> read_description(std::string_view bytes) {
  if (bytes.size() < kDescriptionSize || get_u32(bytes, 0) != kDescriptionMagic) {
    return fail(Errc::malformed, "the image holds no application description");
  }
  ImageFacts facts{text_at(bytes, 16), text_at(bytes, 48)};
  const bool name_is_fine = facts.name.empty() || is_plain_text(facts.name, kNameRoom);
  if (!is_plain_text(facts.version, kNameRoom) || !name_is_fine) {
    return fail(Errc::malformed, "the image's version or name is not text");
  }
  return facts;
}

// Keeps the beginning and, because the last 32 bytes are the hash of all the others, the 32 newest bytes.
class LongReader final : public ImageReader {
 public:
  explicit LongReader(EspChip chip) : chip_(chip) {}

  void add(std::string_view bytes) override {
    if (head_.size() < kHead) head_ += bytes.substr(0, kHead - head_.size());
    tail_ += bytes;
    if (tail_.size() <= Hash::kSha256Size) return;
    const std::size_t sure = tail_.size() - Hash::kSha256Size;
    hash_.add(std::string_view(tail_).substr(0, sure));
    tail_.erase(0, sure);
  }

  Result<ImageFacts> finish() override {
    if (head_.size() < kHead) return fail(Errc::malformed, "the image is too short");
    if (head_[0] != kMagic) return fail(Errc::malformed, "the image does not begin with 0xE9");
    if (get_u8(head_, 23) != 1) return fail(Errc::malformed, "the image has no hash");
    if (hash_.finish() != tail_) return fail(Errc::not_trusted, "the image's hash does not fit its bytes");
    if (get_u16(head_, 12) != static_cast<std::uint16_t>(chip_)) {
      return fail(Errc::unsupported, fmt::format("the image is for chip number {}", get_u16(head_, 12)));
    }
    return read_description(std::string_view(head_).substr(kLongHeader + kSegmentHeader));
  }

 private:
  static constexpr std::size_t kHead = kLongHeader + kSegmentHeader + kDescriptionSize;

  EspChip chip_;
  std::string head_;
  std::string tail_;
  Hash hash_{Hash::Kind::sha256};
};

// Keeps the image: the only proof of wholeness is a walk over its segments.
class ShortReader final : public ImageReader {
 public:
  void add(std::string_view bytes) override {
    if (bytes_.size() + bytes.size() > kMaxShortImage) too_large_ = true;
    if (!too_large_) bytes_ += bytes;
  }

  Result<ImageFacts> finish() override {
    if (too_large_) return fail(Errc::too_large, "the image is larger than 1 MiB");
    if (bytes_.size() < kShortHeader || bytes_[0] != kMagic) {
      return fail(Errc::malformed, "the image does not begin with 0xE9");
    }
    std::string data;
    std::size_t at = kShortHeader;
    for (std::uint32_t left = get_u8(bytes_, 1); left > 0; --left) {
      if (at + kSegmentHeader > bytes_.size()) return fail(Errc::malformed, "the image is truncated");
      const std::size_t length = get_u32(bytes_, at + 4);
      at += kSegmentHeader;
      if (length > bytes_.size() - at) return fail(Errc::malformed, "the image is truncated");
      data += bytes_.substr(at, length);
      at += length;
    }
    const std::size_t checksum_at = at | 15U;
    if (checksum_at >= bytes_.size()) return fail(Errc::malformed, "the image is truncated");
    if (bytes_[checksum_at] != checksum(data)) return fail(Errc::not_trusted, "the image's checksum is wrong");
    return read_description(data);
  }

 private:
  std::string bytes_;
  bool too_large_ = false;
};

}  // namespace

std::optional<EspChip> esp_chip_from(std::string_view hardware) {
  if (hardware.starts_with("ESP8266") || hardware.starts_with("ESP8285")) return EspChip::esp8266;
  if (!hardware.starts_with("ESP32")) return std::nullopt;
  const auto model = hardware.substr(0, 8);
  if (model == "ESP32-S2") return EspChip::esp32_s2;
  if (model == "ESP32-C3") return EspChip::esp32_c3;
  if (model == "ESP32-S3") return EspChip::esp32_s3;
  if (model == "ESP32-C2") return EspChip::esp32_c2;
  if (model == "ESP32-C6") return EspChip::esp32_c6;
  if (model == "ESP32-H2") return EspChip::esp32_h2;
  return EspChip::esp32;
}

Result<std::string> make_esp_image(const EspImageOrder& order) {
  if (!is_plain_text(order.version, kNameRoom - 1) || order.name.size() >= kNameRoom) {
    return fail(Errc::invalid_argument, "an ESP image holds a version of 1 to 31 bytes and a name of at most 31");
  }
  if (order.size < kMinEspImage) {
    return fail(Errc::invalid_argument, fmt::format("an ESP image has at least {} bytes", kMinEspImage));
  }
  const bool hashed = order.chip != EspChip::esp8266;
  const std::size_t size = (order.size + 15U) / 16U * 16U - (hashed ? Hash::kSha256Size : 0);
  // Segments end on a multiple of 4, and the checksum is the last byte of a row of 16: three bytes of padding.
  const std::size_t data_size = size - header_size(order.chip) - kSegmentHeader - 4;
  const auto body = noise(seed_of(order.version + '/' + order.name), data_size - kDescriptionSize);
  const auto data = description(order, body) + body;
  std::string out = header(order.chip);
  put_u32(out, 0x3F400020);
  put_u32(out, static_cast<std::uint32_t>(data.size()));
  out += data;
  out.append(3, '\0');
  out += checksum(data);
  if (hashed) out += sha256(out);
  return out;
}

std::unique_ptr<ImageReader> make_esp_reader(EspChip chip) {
  if (chip == EspChip::esp8266) return std::make_unique<ShortReader>();
  return std::make_unique<LongReader>(chip);
}

}  // namespace homepatch::sim
