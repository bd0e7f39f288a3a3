#include "trust/hash.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "base/text.hpp"

namespace homepatch {

namespace {

constexpr std::size_t kReadSize = 64UL * 1024;

const EVP_MD* algorithm(HashKind kind) {
  switch (kind) {
    case HashKind::sha256: return EVP_sha256();
    case HashKind::sha512: return EVP_sha512();
    case HashKind::md5: return EVP_md5();
  }
  return nullptr;
}

// Hashing fails only without memory or without the algorithm in OpenSSL: nothing could be verified after that.
void must(int openssl_result) {
  if (openssl_result != 1) std::abort();
}

std::string hex_of(HashKind kind, std::string_view bytes) {
  Hash hash(kind);
  hash.update(bytes);
  return to_hex(hash.finish());
}

}  // namespace

void Hash::Free::operator()(evp_md_ctx_st* context) const noexcept { EVP_MD_CTX_free(context); }

Hash::Hash(HashKind kind) : context_(EVP_MD_CTX_new()) {
  must(context_ != nullptr ? 1 : 0);
  must(EVP_DigestInit_ex(context_.get(), algorithm(kind), nullptr));
}

void Hash::update(std::string_view bytes) { must(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size())); }

std::string Hash::finish() {
  std::string out(EVP_MAX_MD_SIZE, '\0');
  unsigned size = 0;
  must(EVP_DigestFinal_ex(context_.get(), reinterpret_cast<unsigned char*>(out.data()), &size));
  out.resize(size);
  return out;
}

Digest Sha256::finish() {
  const std::string raw = hash_.finish();
  std::array<std::uint8_t, Digest::kSize> bytes{};
  std::ranges::copy(raw, bytes.begin());
  return Digest(bytes);
}

Digest sha256(std::string_view bytes) {
  Sha256 hash;
  hash.update(bytes);
  return hash.finish();
}

std::string sha512_hex(std::string_view bytes) { return hex_of(HashKind::sha512, bytes); }
std::string md5_hex(std::string_view bytes) { return hex_of(HashKind::md5, bytes); }

Result<Digest> sha256_of_fd(int fd, std::uint64_t length) {
  Sha256 hash;
  std::string buffer(static_cast<std::size_t>(std::min<std::uint64_t>(kReadSize, length)), '\0');
  std::uint64_t done = 0;
  while (done < length) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), length - done));
    const auto n = ::pread(fd, buffer.data(), wanted, static_cast<off_t>(done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(errno_error("reading a file to hash it", errno));
    if (n == 0) return fail(Errc::io, fmt::format("the file ends after {} bytes; it should have {}", done, length));
    hash.update(std::string_view(buffer.data(), static_cast<std::size_t>(n)));
    done += static_cast<std::uint64_t>(n);
  }
  return hash.finish();
}

}  // namespace homepatch
