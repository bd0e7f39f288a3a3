#include "feed/tuf_folder.hpp"

#include <cerrno>
#include <system_error>

#include "base/file.hpp"
#include "trust/tuf/metadata.hpp"

namespace homepatch::feed {

namespace {

constexpr std::size_t kMaxRole = 8UL << 20U;  // of a stored role; more than any limit under which one is fetched

}  // namespace

std::filesystem::path TufFolder::file_of(std::string_view role) const {
  return folder_ / tuf::metadata_file_name(role);
}

Status TufFolder::begin(const std::string& root, const tuf::Clock& clock) const {
  const auto offered = [&](std::string_view) -> Result<std::string> { return root; };
  TRY(tuf::Client::open(offered, clock));
  TRY(make_folder(folder_));
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, error)) {
    if (entry.path().extension() == ".json") std::filesystem::remove(entry.path(), error);
  }
  if (error) return fail(errno_error("clearing " + folder_.string(), error.value()));
  return store(tuf::kRoot, root);
}

tuf::ReadStored TufFolder::reader() const {
  return [folder = *this](std::string_view role) { return read_file(folder.file_of(role), kMaxRole); };
}

Status TufFolder::store(std::string_view role, std::string_view bytes) const {
  return write_file_atomically(file_of(role), bytes);
}

Status TufFolder::remove(std::string_view role) const {
  const auto file = file_of(role);
  if (::unlink(file.c_str()) != 0 && errno != ENOENT) return fail(errno_error("removing " + file.string(), errno));
  return sync_folder(folder_);
}

}  // namespace homepatch::feed
