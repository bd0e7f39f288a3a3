// The trusted metadata of one repository in a folder: one file for each role, under its unversioned name and byte for
// byte as it was served, and nothing else. homepatch-tuf keeps its trust here between two calls; each file is replaced
// atomically, so that a power cut leaves the old or the new one.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "trust/tuf/client.hpp"

namespace homepatch::feed {

class TufFolder {
 public:
  explicit TufFolder(std::filesystem::path folder) : folder_(std::move(folder)) {}

  // Begins anew from this root: what another root had vouched for is forgotten. Refuses a root that its own threshold
  // does not sign.
  Status begin(const std::string& root, const tuf::Clock& clock) const;

  [[nodiscard]] tuf::ReadStored reader() const;
  [[nodiscard]] Status store(std::string_view role, std::string_view bytes) const;
  [[nodiscard]] Status remove(std::string_view role) const;

 private:
  [[nodiscard]] std::filesystem::path file_of(std::string_view role) const;

  std::filesystem::path folder_;
};

}  // namespace homepatch::feed
