#include "sim/image/mcuboot_image.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>

#include "sim/hash.hpp"
#include "sim/little_endian.hpp"

namespace homepatch::sim {

namespace {

constexpr std::uint32_t kMagic = 0x96F3B83D;
constexpr std::uint32_t kTlvMagic = 0x6907;
constexpr std::uint32_t kSha256Tlv = 0x10;
constexpr std::size_t kHeader = 32;
constexpr std::size_t kPaddedHeader = 512;  // imgtool's usual --header-size 0x200
constexpr std::size_t kTlvInfo = 4;
constexpr std::size_t kTrailer = kTlvInfo + 4 + Hash::kSha256Size;
constexpr std::size_t kMaxTrailer = 8192;

struct McubootVersion {
  std::array<std::uint32_t, 4> part{};  // major, minor, revision, build
};

Result<McubootVersion> parse_version(std::string_view text) {
  constexpr std::array<std::uint32_t, 4> kMost{255, 255, 65535, 4294967295U};
  McubootVersion version;
  const char* at = text.data();
  const char* const end = at + text.size();
  bool complete = false;
  for (std::size_t i = 0; i < version.part.size() && !complete; ++i) {
    const auto [stop, error] = std::from_chars(at, end, version.part[i]);
    if (error != std::errc() || version.part[i] > kMost[i]) break;
    at = stop;
    complete = at == end && i >= 2;
    if (at == end || *at != (i == 2 ? '+' : '.')) break;
    ++at;
  }
  if (!complete) {
    return fail(Errc::invalid_argument,
                fmt::format("'{}' is no MCUboot version; the form is 1.2.3 or 1.2.3+45, at most 255.255.65535", text));
  }
  return version;
}

std::string version_text(std::string_view header) {
  const auto build = get_u32(header, 24);
  const auto base = fmt::format("{}.{}.{}", get_u8(header, 20), get_u8(header, 21), get_u16(header, 22));
  return build == 0 ? base : fmt::format("{}+{}", base, build);
}

class McubootReader final : public ImageReader {
 public:
  void add(std::string_view bytes) override {
    if (header_.size() < kHeader) {
      const auto taken = bytes.substr(0, kHeader - header_.size());
      header_ += taken;
      if (header_.size() == kHeader) {
        hashed_until_ = get_u16(header_, 8) + std::uint64_t{get_u32(header_, 12)} + get_u16(header_, 10);
      }
    }
    while (!bytes.empty()) {
      // Until the header is known, everything belongs to it and so to what is hashed.
      const bool hashed = header_.size() < kHeader || seen_ < hashed_until_;
      const std::size_t part =
          hashed && header_.size() == kHeader
              ? static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), hashed_until_ - seen_))
              : bytes.size();
      take(bytes.substr(0, part), hashed);
      bytes.remove_prefix(part);
    }
  }

  Result<ImageFacts> finish() override {
    if (header_.size() < kHeader || get_u32(header_, 0) != kMagic) {
      return fail(Errc::unsupported, "this is no MCUboot image");
    }
    if (seen_ < hashed_until_) return fail(Errc::malformed, "the image is truncated");
    const auto stored = TRY(stored_hash());
    if (stored != hash_.finish()) return fail(Errc::not_trusted, "the image's hash does not fit its bytes");
    return ImageFacts{version_text(header_), {}};
  }

 private:
  void take(std::string_view bytes, bool hashed) {
    seen_ += bytes.size();
    if (hashed) {
      hash_.add(bytes);
    } else if (trailer_.size() + bytes.size() <= kMaxTrailer) {
      trailer_ += bytes;
    } else {
      trailer_too_large_ = true;
    }
  }

  [[nodiscard]] Result<std::string> stored_hash() const {
    const bool complete = !trailer_too_large_ && trailer_.size() >= kTlvInfo && get_u16(trailer_, 0) == kTlvMagic &&
                          get_u16(trailer_, 2) == trailer_.size();
    if (!complete) return fail(Errc::malformed, "the image's entries are truncated or missing");
    std::size_t at = kTlvInfo;
    while (at + 4 <= trailer_.size()) {
      const auto type = get_u16(trailer_, at);
      const std::size_t length = get_u16(trailer_, at + 2);
      at += 4;
      if (length > trailer_.size() - at) break;
      if (type == kSha256Tlv) return trailer_.substr(at, length);
      at += length;
    }
    return fail(Errc::malformed, "the image has no SHA-256 entry");
  }

  std::string header_;
  std::string trailer_;
  bool trailer_too_large_ = false;
  std::uint64_t seen_ = 0;
  std::uint64_t hashed_until_ = 0;
  Hash hash_{Hash::Kind::sha256};
};

}  // namespace

Result<std::string> make_mcuboot_image(std::string_view version, std::size_t size) {
  const auto parsed = TRY(parse_version(version));
  if (size < kMinMcubootImage) {
    return fail(Errc::invalid_argument, fmt::format("an MCUboot image has at least {} bytes", kMinMcubootImage));
  }
  const std::size_t body = size - kPaddedHeader - kTrailer;
  std::string out;
  put_u32(out, kMagic);
  put_u32(out, 0);
  put_u16(out, kPaddedHeader);
  put_u16(out, 0);
  put_u32(out, static_cast<std::uint32_t>(body));
  put_u32(out, 0);
  put_u8(out, parsed.part[0]);
  put_u8(out, parsed.part[1]);
  put_u16(out, parsed.part[2]);
  put_u32(out, parsed.part[3]);
  out.resize(kPaddedHeader, '\0');
  out += noise(seed_of(version), body);
  const auto digest = sha256(out);
  put_u16(out, kTlvMagic);
  put_u16(out, kTrailer);
  put_u16(out, kSha256Tlv);
  put_u16(out, Hash::kSha256Size);
  return out + digest;
}

std::unique_ptr<ImageReader> make_mcuboot_reader() { return std::make_unique<McubootReader>(); }

}  // namespace homepatch::sim
