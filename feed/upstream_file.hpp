// An upstream's image file: beside the index, or, where the person allows it, from the address that the index gives.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "feed/downloader.hpp"

namespace homepatch::feed {

class UpstreamFiles {
 public:
  UpstreamFiles(std::filesystem::path folder, bool download) : folder_(std::move(folder)), download_(download) {}

  // The first of these, relative to the folder, that is there.
  [[nodiscard]] std::optional<std::filesystem::path> beside(const std::vector<std::string>& names) const;

  // Its bytes, at most kMaxImageLength. not_found when it is nowhere, with what can be done.
  Result<std::string> read(const std::vector<std::string>& names, const std::string& url);

 private:
  std::filesystem::path folder_;
  bool download_;
  std::shared_ptr<Downloader> downloader_;  // once it is needed
};

}  // namespace homepatch::feed
