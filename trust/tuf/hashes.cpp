#include "trust/tuf/hashes.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

namespace homepatch::tuf {

namespace {

constexpr std::size_t kSha512Size = 64;

Unexpected wrong(std::string text) { return fail(Errc::not_trusted, std::move(text)); }

}  // namespace

Result<Hashes> Hashes::parse(const nlohmann::json& object) {
  if (!object.is_object() || object.empty()) return fail(Errc::malformed, "no hash is listed");
  Hashes hashes;
  for (const auto& [algorithm, value] : object.items()) {
    if (!value.is_string()) return fail(Errc::malformed, "a hash is not a string");
    const auto& text = value.get_ref<const std::string&>();
    if (algorithm == "sha256") hashes.sha256 = TRY_IN("sha256", Digest::parse(text));
    if (algorithm == "sha512") {
      const auto raw = TRY_IN("sha512", from_hex(text));
      if (raw.size() != kSha512Size) return fail(Errc::malformed, "sha512: has not 128 hexadecimal digits");
      hashes.sha512 = to_hex(raw.data(), raw.size());
    }
  }
  return hashes;
}

std::vector<std::string> Hashes::hex() const {
  std::vector<std::string> all;
  if (sha256) all.push_back(sha256->hex());
  if (!sha512.empty()) all.push_back(sha512);
  return all;
}

ContentCheck::ContentCheck(std::optional<std::uint64_t> length, std::optional<Hashes> hashes)
    : length_(length), hashes_(std::move(hashes)) {
  if (hashes_ && !hashes_->sha512.empty()) sha512_.emplace(HashKind::sha512);
}

Status ContentCheck::add(std::string_view bytes) {
  seen_ += bytes.size();
  if (length_ && seen_ > *length_) {
    return fail(Errc::too_large, fmt::format("it is longer than the {} bytes that the feed states", *length_));
  }
  sha256_.update(bytes);
  if (sha512_) sha512_->update(bytes);
  return {};
}

Result<Digest> ContentCheck::finish() {
  if (length_ && seen_ != *length_) {
    return wrong(fmt::format("it has {} bytes; the feed states {}", seen_, *length_));
  }
  if (hashes_ && !hashes_->supported()) return wrong("the feed lists no hash that this gateway can compute");
  const Digest digest = sha256_.finish();
  if (hashes_ && hashes_->sha256 && *hashes_->sha256 != digest) {
    return wrong("its SHA-256 is not the one that the feed states");
  }
  if (sha512_ && to_hex(sha512_->finish()) != hashes_->sha512) {
    return wrong("its SHA-512 is not the one that the feed states");
  }
  return digest;
}

Status check_content(std::string_view bytes, std::optional<std::uint64_t> length, const std::optional<Hashes>& hashes) {
  ContentCheck check(length, hashes);
  TRY(check.add(bytes));
  TRY(check.finish());
  return {};
}

}  // namespace homepatch::tuf
