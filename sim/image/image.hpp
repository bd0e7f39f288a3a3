// Firmware images as devices see them: a stream of bytes that must prove itself whole before its version counts.
// Made by make-image, read by the pretend devices; the formats are the real ones (esp_image, mcuboot_image).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace homepatch::sim {

struct ImageFacts {
  std::string version;
  std::string name;  // empty where the format has no place for one
};

// Takes an image piece by piece. Keeps a bounded part of it, however long it is.
class ImageReader {
 public:
  virtual ~ImageReader() = default;

  virtual void add(std::string_view bytes) = 0;

  // What is inside, when everything has arrived. Errors: malformed (not this format, truncated), not_trusted (its
  // own hash says that it is damaged), unsupported (a sound image for another chip).
  [[nodiscard]] virtual Result<ImageFacts> finish() = 0;
};

// `size` bytes that look random, the same ones for the same seed, and that no compressor makes smaller.
std::string noise(std::uint64_t seed, std::size_t size);

// A seed from what the image is, so that two versions differ everywhere and one version never differs.
std::uint64_t seed_of(std::string_view what);

}  // namespace homepatch::sim
