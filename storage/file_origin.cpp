#include "storage/file_origin.hpp"

#include <algorithm>

#include "base/file.hpp"

namespace homepatch {

namespace {

std::filesystem::path beside(const std::filesystem::path& file) {
  return file.string() + std::string(FileOrigin::kSuffix);
}

bool is_line(std::string_view text, std::size_t limit) {
  return !text.empty() && text.size() <= limit &&
         std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7F; });
}

}  // namespace

std::optional<FileOrigin> FileOrigin::load(const std::filesystem::path& file) {
  const auto content = read_file(beside(file), kMaxUrl + kMaxValidator + 2);
  if (!content || content->empty() || content->back() != '\n') return std::nullopt;
  const auto end = content->find('\n');
  if (end + 1 == content->size()) return std::nullopt;
  FileOrigin origin{content->substr(0, end), content->substr(end + 1, content->size() - end - 2)};
  if (!is_line(origin.url, kMaxUrl) || !is_line(origin.validator, kMaxValidator)) return std::nullopt;
  return origin;
}

Status FileOrigin::save(const std::filesystem::path& file) const {
  if (!is_line(url, kMaxUrl) || !is_line(validator, kMaxValidator)) {
    return fail(Errc::invalid_argument, "the address or ETag of a download cannot be kept");
  }
  return write_file_atomically(beside(file), url + "\n" + validator + "\n", 0600);
}

void FileOrigin::remove(const std::filesystem::path& file) {
  std::error_code ec;
  std::filesystem::remove(beside(file), ec);
}

}  // namespace homepatch
