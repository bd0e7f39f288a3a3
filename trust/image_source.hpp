// The bytes of an image, in memory or in an open file, for the readers of image headers. A file is read in pieces.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "core/digest.hpp"

namespace homepatch {

class ImageSource {
 public:
  // Neither the bytes nor the descriptor are owned; they must outlive the source.
  static ImageSource of_bytes(std::string_view bytes) { return ImageSource(bytes, -1, bytes.size()); }
  static Result<ImageSource> of_file(int fd);

  [[nodiscard]] std::uint64_t size() const { return size_; }

  // Exactly `count` bytes from `offset`; malformed when the image ends before.
  [[nodiscard]] Result<std::string> read(std::uint64_t offset, std::size_t count) const;

  // Of the first `length` bytes.
  [[nodiscard]] Result<Digest> sha256_of_first(std::uint64_t length) const;

 private:
  ImageSource(std::string_view bytes, int fd, std::uint64_t size) : bytes_(bytes), fd_(fd), size_(size) {}

  std::string_view bytes_;
  int fd_;  // -1: in memory
  std::uint64_t size_;
};

// Little-endian numbers within bytes that were read; the caller has made sure that they are there.
std::uint16_t little_u16(std::string_view bytes, std::size_t at);
std::uint32_t little_u32(std::string_view bytes, std::size_t at);

}  // namespace homepatch
