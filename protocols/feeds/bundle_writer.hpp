// A feed as one file, for where no network leads: a plain tar in which a publisher's tool lays the files of a published
// feed under the names that a server would give them. Signed by the feed's own metadata, by nothing else: who reads it
// trusts it as little as a server.
//
//   homepatch-bundle.json           first: {"homepatch_bundle": 1, "feed": "<the feed's name>"}
//   metadata/...                    the metadata chain
//   targets/...                     documents, then images
//
// The same content gives the same bytes: no times, no owners, uncompressed. Half a bundle never stands under the file's
// name.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace homepatch::feeds {

inline constexpr std::string_view kBundleHead = "homepatch-bundle.json";
inline constexpr std::int64_t kBundleVersion = 1;

class BundleWriter {
 public:
  // Begins the file and writes its first entry. `feed` is the feed's name, a plain text.
  static Result<BundleWriter> create(const std::filesystem::path& path, std::string_view feed);

  BundleWriter(BundleWriter&&) noexcept;
  BundleWriter& operator=(BundleWriter&&) noexcept;
  ~BundleWriter();  // without finish() nothing stays

  // One file. Entries lie in the order in which they are added.
  [[nodiscard]] Status add(std::string_view path, std::string_view bytes);

  // Makes it last and gives it its name.
  [[nodiscard]] Status finish();

 private:
  struct Open;
  explicit BundleWriter(std::unique_ptr<Open> open);

  std::unique_ptr<Open> open_;
};

}  // namespace homepatch::feeds
