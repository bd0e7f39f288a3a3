#include "sim/hash.hpp"

#include <array>

namespace homepatch::sim {

Hash::Hash(Kind kind) : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
  EVP_DigestInit_ex(context_.get(), kind == Kind::md5 ? EVP_md5() : EVP_sha256(), nullptr);
}

void Hash::add(std::string_view bytes) { EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()); }

std::string Hash::finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_DigestFinal_ex(context_.get(), digest.data(), &size);
  return {reinterpret_cast<const char*>(digest.data()), size};
}

std::string sha256(std::string_view bytes) {
  Hash hash(Hash::Kind::sha256);
  hash.add(bytes);
  return hash.finish();
}

}  // namespace homepatch::sim
