#include "trust/tuf/detached_signature.hpp"

#include <openssl/ecdsa.h>
#include <openssl/evp.h>

#include <memory>
#include <optional>
#include <vector>

#include "base/text.hpp"
#include "trust/tuf/key.hpp"
#include "trust/tuf/openssl.hpp"

namespace homepatch::tuf {

namespace {

constexpr std::size_t kP256Number = 32;

using EcdsaSigPtr = std::unique_ptr<ECDSA_SIG, ReleasedBy<ECDSA_SIG_free>>;

std::string without_white_space(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c != ' ' && c != '\t' && c != '\r' && c != '\n') out += c;
  }
  return out;
}

std::optional<std::string> from_base64(const std::string& text) {
  if (text.empty() || text.size() % 4 != 0) return std::nullopt;
  std::string out(text.size() / 4 * 3, '\0');
  const int size =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes_of(text), static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  // EVP_DecodeBlock counts the padding as bytes.
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  out.resize(static_cast<std::size_t>(size) - padding);
  return out;
}

// r and s, 32 bytes each, as the DER that TUF asks for.
std::optional<std::string> der_of_raw_pair(std::string_view raw) {
  if (raw.size() != 2 * kP256Number) return std::nullopt;
  const EcdsaSigPtr pair(ECDSA_SIG_new());
  BignumPtr r(BN_bin2bn(bytes_of(raw), static_cast<int>(kP256Number), nullptr));
  BignumPtr s(BN_bin2bn(bytes_of(raw.substr(kP256Number)), static_cast<int>(kP256Number), nullptr));
  if (pair == nullptr || r == nullptr || s == nullptr) return std::nullopt;
  if (ECDSA_SIG_set0(pair.get(), r.get(), s.get()) != 1) return std::nullopt;
  r.release();  // both belong to the pair now
  s.release();
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(pair.get(), &der);
  if (size <= 0) return std::nullopt;
  std::string out(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return out;
}

// Everything that the file may mean, the most direct reading first.
std::vector<std::string> readings(std::string_view file, bool ecdsa) {
  std::vector<std::string> out{std::string(file)};
  const auto text = without_white_space(file);
  if (const auto raw = from_hex(text)) out.emplace_back(raw->begin(), raw->end());
  if (auto raw = from_base64(text)) out.push_back(*std::move(raw));
  if (!ecdsa) return out;
  const auto plain = out.size();
  for (std::size_t i = 0; i < plain; ++i) {
    if (auto der = der_of_raw_pair(out[i])) out.push_back(*std::move(der));
  }
  return out;
}

}  // namespace

Result<std::string> read_detached_signature(const nlohmann::json& key_object, std::string_view message,
                                            std::string_view file) {
  const ErrorQueueGuard guard;
  if (file.size() > kMaxSignatureFile) return fail(Errc::too_large, "the file is too large to be a signature");
  const auto key = TRY(Key::parse(key_object));
  const auto opened = TRY(PublicKey::open(key));
  for (auto& signature : readings(file, key.scheme.starts_with("ecdsa"))) {
    if (opened.verify(message, signature)) return std::move(signature);
  }
  return fail(Errc::not_trusted, "it is not this key's signature of the prepared bytes");
}

}  // namespace homepatch::tuf
