#include "feed/target_file.hpp"

#include <fmt/format.h>

#include "base/file.hpp"
#include "trust/hash.hpp"

namespace homepatch::feed {

namespace fs = std::filesystem;

TargetFile made_here(std::string path, std::string bytes) {
  const TargetEntry entry{bytes.size(), sha256(bytes)};
  return {std::move(path), entry, std::move(bytes)};
}

std::string published_name(const TargetFile& file) {
  const auto slash = file.path.rfind('/');
  return fmt::format("{}{}.{}", file.path.substr(0, slash + 1), file.entry.sha256.hex(), file.path.substr(slash + 1));
}

Result<std::string> image_bytes(const Workshop& workshop, const TargetFile& file) {
  const auto source = workshop.image(file.entry.sha256);
  auto bytes = TRY(read_file(source, kMaxImageLength));
  if (bytes.size() == file.entry.length && sha256(bytes) == file.entry.sha256) return bytes;
  return fail(Errc::io, fmt::format("{}, the image of {}, is damaged: put an intact copy in its place", source.string(),
                                    file.path));
}

Status make_public_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return fail(errno_error(fmt::format("making the folder {}", folder.string()), error.value()));
  return {};
}

Status write_target(const Workshop& workshop, const TargetFile& file, const fs::path& targets_folder) {
  const auto path = targets_folder / published_name(file);
  std::error_code ignored;
  if (fs::file_size(path, ignored) == file.entry.length && !ignored) return {};  // the name says the content
  TRY(make_public_folder(path.parent_path()));
  if (!file.bytes.empty()) return write_file_atomically(path, file.bytes);
  const auto bytes = TRY(image_bytes(workshop, file));
  return write_file_atomically(path, bytes);
}

}  // namespace homepatch::feed
