// A file below targets/ of a published feed: made here, or a copy of what lies in the work folder's images/.
#pragma once

#include <filesystem>
#include <string>

#include "feed/metadata.hpp"
#include "feed/workshop.hpp"

namespace homepatch::feed {

struct TargetFile {
  std::string path;  // its TUF path
  TargetEntry entry;
  std::string bytes;  // empty: the image with this digest
};

TargetFile made_here(std::string path, std::string bytes);

// Below targets/: the path with the hash in front of its last part (consistent snapshots).
std::string published_name(const TargetFile& file);

// Its bytes out of images/, hashed. io when the copy there is damaged.
Result<std::string> image_bytes(const Workshop& workshop, const TargetFile& file);

// Writes it under its published name, unless it is there.
[[nodiscard]] Status write_target(const Workshop& workshop, const TargetFile& file,
                                  const std::filesystem::path& targets_folder);

// Readable by the web server, whatever the publisher's umask keeps for others.
[[nodiscard]] Status make_public_folder(const std::filesystem::path& folder);

}  // namespace homepatch::feed
