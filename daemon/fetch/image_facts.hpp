// What can be told of a raw image that an administrator brings: its hashes, what it says of itself, which indexes know
// exactly this file, and what contradicts what. Read in pieces, so that a large image does not hold up the loop; the
// import (daemon/fetch/image_importer) decides how much a turn takes. Nothing here makes an image trusted: it is shown,
// and a contradiction refuses it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "core/digest.hpp"
#include "core/provenance.hpp"
#include "daemon/fetch/index_content.hpp"
#include "trust/hash.hpp"
#include "trust/image_header.hpp"
#include "trust/zigbee_image.hpp"

namespace homepatch {

struct ImageFacts {
  std::uint64_t length = 0;
  Digest sha256;
  std::string sha512;  // lower-case hexadecimal, as is md5
  std::string md5;
  bool packed = false;  // gzip: what ESP8266 devices unpack themselves
  std::optional<ImageHeader> header;
  std::optional<ZigbeeImageHeader> zigbee;

  std::vector<std::string> known;           // the indexes that list this very file, with what they say it is
  std::vector<std::string> contradictions;  // each a sentence for people
  Provenance provenance = Provenance::local_admin;
  std::string vouched_by;  // the index that vouches, where provenance is hash_only

  // As catalogs name it: esp-app, mcuboot, zigbee-ota, or raw.
  [[nodiscard]] std::string format() const;
};

class ImageReading {
 public:
  // `fd` must stay open meanwhile. invalid_argument for what is no regular file or empty, too_large above
  // kMaxImageLength.
  static Result<ImageReading> begin(int fd);

  // Hashes at most `bytes` more. True: all of it was hashed. io when the file got shorter.
  Result<bool> step(std::uint64_t bytes);

  // Once, after step() said true: looks into the image's header as well.
  [[nodiscard]] ImageFacts finish();

 private:
  ImageReading(int fd, std::uint64_t length) : fd_(fd), length_(length) {}

  int fd_;
  std::uint64_t length_;
  std::uint64_t done_ = 0;
  Sha256 sha256_;
  Hash sha512_{HashKind::sha512};
  Hash md5_{HashKind::md5};
};

// Adds what the index says of this very file: a Zigbee entry of the same SHA-512 vouches for it (hash_only), an ESP
// build of the same MD5 is only mentioned.
void compare_with_index(const IndexConfig& index, const IndexContent& content, ImageFacts& facts);

}  // namespace homepatch
