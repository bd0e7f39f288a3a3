// A bundle, in a file without a name. Headers get the checksum that they should have, or nothing would come past
// libarchive's first look. What is listed is within its limits, and streaming an image gives its bytes or an error.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <set>

#include "base/unique_fd.hpp"
#include "protocols/feeds/bundle_reader.hpp"

namespace {

using namespace homepatch;
using namespace homepatch::feeds;

constexpr std::size_t kRecord = 512;
constexpr std::size_t kImages = 4;  // that are streamed; each is a walk over the whole

void require(bool holds) {
  if (!holds) std::abort();
}

void mend_checksums(std::string& bytes) {
  for (std::size_t at = 0; at + kRecord <= bytes.size(); at += kRecord) {
    if (bytes.compare(at + 257, 5, "ustar") != 0) continue;
    bytes.replace(at + 148, 8, 8, ' ');
    unsigned sum = 0;
    for (std::size_t i = 0; i < kRecord; ++i) sum += static_cast<unsigned char>(bytes[at + i]);
    char text[8] = {};
    std::snprintf(text, sizeof text, "%06o", sum);
    bytes.replace(at + 148, 8, text, 8);
  }
}

bool is_safe(std::string_view name) {
  const auto framed = "/" + std::string(name) + "/";
  return name.size() <= kMaxTarName && framed.find("/../") == framed.npos && framed.find("/./") == framed.npos &&
         framed.find("//") == framed.npos && framed.find('\\') == framed.npos;
}

void check_image(int fd, const BundleImage& image) {
  constexpr std::size_t kPiece = 1000;
  std::uint64_t done = 0;
  while (done < image.size) {
    const auto piece = read_bundle_image(fd, image, done, kPiece);
    require(piece && !piece->empty() && piece->size() <= kPiece);  // read_bundle() saw that the archive is whole
    done += piece->size();
  }
  require(done == image.size);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string bytes(reinterpret_cast<const char*>(data), size);
  mend_checksums(bytes);
  const UniqueFd fd(::memfd_create("bundle-fuzz", MFD_CLOEXEC));
  if (!fd || ::write(fd.get(), bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) return 0;
  const auto bundle = read_bundle(fd.get());
  if (!bundle) return 0;
  std::set<std::string> names;
  std::size_t total = 0;
  for (const auto& [name, document] : bundle->documents) {
    require(is_safe(name) && names.insert(name).second && name.ends_with(".json"));
    total += document.size();
  }
  require(total <= size);
  for (const auto& image : bundle->images) require(is_safe(image.name) && names.insert(image.name).second);
  for (std::size_t i = 0; i < bundle->images.size() && i < kImages; ++i) check_image(fd.get(), bundle->images[i]);
  return 0;
}
