// Hashes of bytes and of open files, by OpenSSL. Whoever receives or serves an artifact feeds it; a finished SHA-256 is
// core's Digest. MD5 is here for one header of one device family (x-MD5 of Tasmota) and proves nothing to us.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "core/digest.hpp"

struct evp_md_ctx_st;

namespace homepatch {

enum class HashKind { sha256, sha512, md5 };

// A running hash. update() as often as wanted, finish() once.
class Hash {
 public:
  explicit Hash(HashKind kind);

  void update(std::string_view bytes);
  // The raw bytes of the hash. The object is used up.
  [[nodiscard]] std::string finish();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const noexcept;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

class Sha256 {
 public:
  void update(std::string_view bytes) { hash_.update(bytes); }
  [[nodiscard]] Digest finish();

 private:
  Hash hash_{HashKind::sha256};
};

Digest sha256(std::string_view bytes);

// Lower-case hexadecimal.
std::string sha512_hex(std::string_view bytes);
std::string md5_hex(std::string_view bytes);

// The hash of the first `length` bytes of the file, read by pread: the descriptor's position stays. An error when the
// file is shorter. Blocks while it reads; large files on the daemon's loop are hashed in pieces instead.
Result<Digest> sha256_of_fd(int fd, std::uint64_t length);

}  // namespace homepatch
