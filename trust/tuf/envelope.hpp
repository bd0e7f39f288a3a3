// What every TUF role is wrapped in: the signed object and the signatures over its canonical spelling, and the question
// whether enough different keys signed it.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "trust/strict_json.hpp"
#include "trust/tuf/key.hpp"

namespace homepatch::tuf {

inline constexpr std::size_t kMaxSignatures = 256;

struct Signature {
  std::string keyid;
  std::string bytes;  // empty when the file gives none, or nothing hexadecimal: it then counts for nothing
};

struct Envelope {
  nlohmann::json content;  // `signed`, with every field, known or not
  std::string canonical;   // what was signed
  std::vector<Signature> signatures;

  // Refuses what is no envelope, floats, duplicate keys in any object, a key id with two signatures.
  static Result<Envelope> parse(std::string_view bytes, std::size_t max_bytes);
};

// Who may sign a role, and how many of them must. Key ids without a key are allowed and count for nothing.
struct RoleKeys {
  std::map<std::string, Key> keys;  // key id -> key, of this role only
  int threshold = 1;

  friend bool operator==(const RoleKeys&, const RoleKeys&) = default;
};

// How many different keys of the role signed it, by their material.
std::size_t count_signatures(const Envelope& envelope, const RoleKeys& role);

// Threshold counted by different key material (specification 1.0.34, section 5: each key counts once). Error
// not_trusted, with the counts.
Status check_signatures(const Envelope& envelope, const RoleKeys& role);

}  // namespace homepatch::tuf
