// The hashes that metadata states for a file, and the check of a file against them while it arrives. Fetching feeds it
// block by block; it stops at the first byte too many and says yes only when length and every hash agree.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "core/digest.hpp"
#include "trust/hash.hpp"

namespace homepatch::tuf {

// Of the algorithms that a repository may list, those that we compute; others are left aside, but one of ours must be
// there before anything is believed.
struct Hashes {
  std::optional<Digest> sha256;
  std::string sha512;  // lower-case hexadecimal; empty when not listed

  static Result<Hashes> parse(const nlohmann::json& object);
  [[nodiscard]] bool supported() const { return sha256 || !sha512.empty(); }
  // In hexadecimal, as they stand in the names of consistent snapshots; the preferred one first.
  [[nodiscard]] std::vector<std::string> hex() const;

  friend bool operator==(const Hashes&, const Hashes&) = default;
};

class ContentCheck {
 public:
  ContentCheck(std::optional<std::uint64_t> length, std::optional<Hashes> hashes);

  // Error too_large as soon as there are more bytes than stated: the rest need not be fetched.
  Status add(std::string_view bytes);
  // After the last byte, once. Gives the SHA-256, under which the cache keeps it. Error not_trusted.
  Result<Digest> finish();

 private:
  std::optional<std::uint64_t> length_;
  std::optional<Hashes> hashes_;
  std::uint64_t seen_ = 0;
  Sha256 sha256_;
  std::optional<Hash> sha512_;
};

// All bytes at once.
Status check_content(std::string_view bytes, std::optional<std::uint64_t> length, const std::optional<Hashes>& hashes);

}  // namespace homepatch::tuf
