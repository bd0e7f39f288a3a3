#include "feed/upstream_file.hpp"

#include <fmt/format.h>

#include "base/file.hpp"
#include "base/text.hpp"
#include "core/catalog.hpp"

namespace homepatch::feed {

namespace fs = std::filesystem;

std::optional<fs::path> UpstreamFiles::beside(const std::vector<std::string>& names) const {
  for (const auto& name : names) {
    // The index is a stranger's: it must not choose a file outside of its folder.
    const fs::path relative(name);
    bool inside = !name.empty() && relative.is_relative();
    for (const auto& part : relative) inside = inside && part != "..";
    std::error_code ignored;
    if (inside && fs::is_regular_file(folder_ / relative, ignored)) return folder_ / relative;
  }
  return std::nullopt;
}

Result<std::string> UpstreamFiles::read(const std::vector<std::string>& names, const std::string& url) {
  if (const auto path = beside(names)) return read_file(*path, kMaxImageLength);
  if (!download_) {
    return fail(Errc::not_found, fmt::format("the image is not in {} ({}); put it there, or let --download fetch it",
                                             folder_.string(), printable(names.empty() ? url : names.front(), 200)));
  }
  if (!url.starts_with("http://") && !url.starts_with("https://")) {
    return fail(Errc::not_found, fmt::format("'{}' is no address to fetch the image from", printable(url, 200)));
  }
  if (downloader_ == nullptr) downloader_ = TRY(Downloader::open());
  return downloader_->get(url, kMaxImageLength);
}

}  // namespace homepatch::feed
