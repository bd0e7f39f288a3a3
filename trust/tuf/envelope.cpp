#include "trust/tuf/envelope.hpp"

#include <fmt/format.h>

#include <set>

#include "base/text.hpp"
#include "trust/canonical_json.hpp"

namespace homepatch::tuf {

namespace {

// Real metadata, without its blanks, has 27 to 68 bytes for each value (ours, python-tuf's). Lists of hash prefixes are
// denser, but no file near its limit is made of them alone. A value costs up to 100 bytes of memory, spent before any
// signature is looked at.
constexpr std::size_t kBytesPerValue = 12;

Result<Signature> parse_signature(const nlohmann::json& object) {
  Signature signature;
  signature.keyid = TRY(string_field(object, "keyid"));
  const std::string sig = TRY(string_field(object, "sig"));
  if (const auto raw = from_hex(sig)) signature.bytes.assign(raw->begin(), raw->end());
  return signature;
}

Result<std::vector<Signature>> parse_signatures(const nlohmann::json& array) {
  if (array.size() > kMaxSignatures) {
    return fail(Errc::too_large, fmt::format("more than {} signatures", kMaxSignatures));
  }
  std::vector<Signature> signatures;
  std::set<std::string_view> seen;
  signatures.reserve(array.size());
  for (const auto& object : array) {
    signatures.push_back(TRY_IN("signatures", parse_signature(object)));
    if (!seen.insert(signatures.back().keyid).second) {
      return fail(Errc::malformed,
                  fmt::format("signatures: the key {} appears twice", printable(signatures.back().keyid, 64)));
    }
  }
  return signatures;
}

// Stops verifying once `enough` different keys are found.
std::size_t count_up_to(const Envelope& envelope, const RoleKeys& role, std::size_t enough) {
  std::set<std::string> signers;
  for (const auto& signature : envelope.signatures) {
    if (signers.size() >= enough) break;
    const auto key = role.keys.find(signature.keyid);
    if (key == role.keys.end() || signature.bytes.empty()) continue;
    const auto opened = PublicKey::open(key->second);
    if (opened && opened->verify(envelope.canonical, signature.bytes)) signers.insert(opened->material());
  }
  return signers.size();
}

}  // namespace

Result<Envelope> Envelope::parse(std::string_view bytes, std::size_t max_bytes) {
  JsonLimits limits;
  limits.max_bytes = max_bytes;
  limits.max_nodes = max_bytes / kBytesPerValue;
  limits.reject_floats = true;
  auto whole = TRY(parse_json(bytes, limits));
  Envelope envelope;
  const auto* signatures = TRY(array_field(whole, "signatures"));
  envelope.signatures = TRY(parse_signatures(*signatures));
  TRY(object_field(whole, "signed"));
  envelope.content = std::move(whole["signed"]);
  envelope.canonical = TRY(canonical_json(envelope.content));
  return envelope;
}

std::size_t count_signatures(const Envelope& envelope, const RoleKeys& role) {
  return count_up_to(envelope, role, kMaxSignatures);
}

Status check_signatures(const Envelope& envelope, const RoleKeys& role) {
  if (role.threshold < 1) return fail(Errc::not_trusted, "its threshold is below one");
  const auto needed = static_cast<std::size_t>(role.threshold);
  const auto there = count_up_to(envelope, role, needed);
  if (there >= needed) return {};
  return fail(Errc::not_trusted,
              fmt::format("signed by {} of its keys, but {} must sign; it was changed on the way, or "
                          "the feed's keys changed without telling this gateway",
                          there, role.threshold));
}

}  // namespace homepatch::tuf
