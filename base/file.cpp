#include "base/file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <vector>

#include "base/unique_fd.hpp"

namespace homepatch {

namespace {

constexpr std::size_t kMaxSecret = 4096;

Status write_all(int fd, std::string_view content, const std::filesystem::path& path) {
  while (!content.empty()) {
    const auto n = ::write(fd, content.data(), content.size());
    if (n < 0) {
      if (errno == EINTR) continue;
      return fail(errno_error(fmt::format("writing {}", path.string()), errno));
    }
    content.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

constexpr std::string_view kTemporaryEnd = ".XXXXXX";  // what mkostemp(3) puts letters and digits into

// ".NAME.XXXXXX", where NAME ends in `suffix`.
bool is_temporary(std::string_view name, std::string_view suffix) {
  if (!name.starts_with('.') || name.size() <= 1 + suffix.size() + kTemporaryEnd.size()) return false;
  const auto end = name.substr(name.size() - kTemporaryEnd.size());
  const auto target = name.substr(1, name.size() - 1 - kTemporaryEnd.size());
  return target.ends_with(suffix) && end[0] == '.' &&
         std::ranges::all_of(end.substr(1), [](unsigned char c) { return std::isalnum(c) != 0; });
}

bool is_own_file(const std::filesystem::path& path) {
  struct stat st {};
  return ::lstat(path.c_str(), &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == ::geteuid();
}

}  // namespace

Result<std::string> read_file(const std::filesystem::path& path, std::size_t max_bytes) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) return fail(errno_error(fmt::format("opening {}", path.string()), errno));
  struct stat st {};
  if (::fstat(fd.get(), &st) != 0) return fail(errno_error(fmt::format("looking at {}", path.string()), errno));
  if (!S_ISREG(st.st_mode)) return fail(Errc::invalid_argument, fmt::format("{} is not a regular file", path.string()));
  if (static_cast<std::uint64_t>(st.st_size) > max_bytes) {
    return fail(Errc::too_large, fmt::format("{} has {} bytes; the limit is {}", path.string(), st.st_size, max_bytes));
  }
  std::string content(static_cast<std::size_t>(st.st_size), '\0');
  std::size_t done = 0;
  while (done < content.size()) {
    const auto n = ::read(fd.get(), content.data() + done, content.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(errno_error(fmt::format("reading {}", path.string()), errno));
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  content.resize(done);
  return content;
}

Status write_file_atomically(const std::filesystem::path& path, std::string_view content, unsigned mode) {
  const auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  std::string temporary = (folder / fmt::format(".{}{}", path.filename().string(), kTemporaryEnd)).string();
  UniqueFd fd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!fd) return fail(errno_error(fmt::format("making a temporary file in {}", folder.string()), errno));
  auto written = write_all(fd.get(), content, path);
  if (written && ::fchmod(fd.get(), mode) != 0)
    written = fail(errno_error("setting the mode of " + path.string(), errno));
  if (written && ::fsync(fd.get()) != 0) written = fail(errno_error("syncing " + path.string(), errno));
  if (written && ::rename(temporary.c_str(), path.c_str()) != 0) {
    written = fail(errno_error("renaming to " + path.string(), errno));
  }
  if (!written) {
    ::unlink(temporary.c_str());
    return written;
  }
  return sync_folder(folder);
}

Result<std::size_t> sweep_temporaries(const std::filesystem::path& folder, std::string_view suffix) {
  std::vector<std::filesystem::path> found;
  std::error_code ec;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ec)) {
    if (is_temporary(entry.path().filename().string(), suffix) && is_own_file(entry.path())) {
      found.push_back(entry.path());
    }
  }
  if (ec == std::errc::no_such_file_or_directory) return std::size_t{0};
  if (ec) return fail(Errc::io, fmt::format("reading {}: {}", folder.string(), ec.message()));
  for (const auto& path : found) {
    if (::unlink(path.c_str()) != 0) return fail(errno_error("removing " + path.string(), errno));
  }
  return found.size();
}

Result<std::string> read_secret(const std::filesystem::path& path) {
  std::string secret = TRY(read_file(path, kMaxSecret));
  while (!secret.empty() && (secret.back() == '\n' || secret.back() == '\r')) secret.pop_back();
  if (secret.empty())
    return fail(Errc::malformed, fmt::format("{} is empty; it must hold the secret on one line", path.string()));
  if (secret.find('\n') != std::string::npos) {
    return fail(Errc::malformed,
                fmt::format("{} has more than one line; it must hold the secret alone", path.string()));
  }
  return secret;
}

Status make_folder(const std::filesystem::path& path) {
  std::filesystem::path so_far;
  for (const auto& part : path) {
    so_far /= part;
    if (::mkdir(so_far.c_str(), 0750) != 0 && errno != EEXIST) {
      const int error_number = errno;
      std::error_code ignored;
      if (std::filesystem::is_directory(so_far, ignored)) continue;
      return fail(errno_error(fmt::format("making the folder {}", so_far.string()), error_number));
    }
  }
  std::error_code ec;
  if (!std::filesystem::is_directory(path, ec)) {
    return fail(Errc::io, fmt::format("{} is in the way: it is not a folder", path.string()));
  }
  return {};
}

Status sync_folder(const std::filesystem::path& folder) {
  const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return fail(errno_error("opening the folder " + folder.string(), errno));
  if (::fsync(fd.get()) != 0) return fail(errno_error("syncing the folder " + folder.string(), errno));
  return {};
}

}  // namespace homepatch
