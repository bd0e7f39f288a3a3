// A digest that is fed piece by piece, as a device with little memory does it. Over OpenSSL.
#pragma once

#include <openssl/evp.h>

#include <memory>
#include <string>
#include <string_view>

namespace homepatch::sim {

class Hash {
 public:
  enum class Kind { md5, sha256 };
  static constexpr std::size_t kSha256Size = 32;

  explicit Hash(Kind kind);

  void add(std::string_view bytes);
  // The raw digest. Once only: afterwards the object is spent.
  [[nodiscard]] std::string finish();

 private:
  std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context_;
};

std::string sha256(std::string_view bytes);

}  // namespace homepatch::sim
