#include "feed/image_check.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>

#include "base/unique_fd.hpp"
#include "trust/image_header.hpp"

namespace homepatch::feed {

namespace {

bool is_looked_into(std::string_view format) {
  return format == to_string(ImageFormat::mcuboot) || format == to_string(ImageFormat::esp_app);
}

Result<std::optional<ImageHeader>> read_header(const std::filesystem::path& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return fail(errno_error(fmt::format("opening the image {}", path.string()), errno));
  const auto source = TRY(ImageSource::of_file(fd.get()));
  return TRY_IN(path.string(), read_image_header(source));
}

}  // namespace

Status check_image(const ReleaseFile& file, const ReleaseImage& image) {
  if (!is_looked_into(image.format)) return {};
  const auto header = read_header(image.file.path);
  if (!header) return file.document().refuse(image.place, header.error().text, header.error().code);
  if (!*header || to_string((*header)->format) != image.format) {
    return file.document().refuse(image.place + ".format",
                                  fmt::format("{} does not begin as {} images do; if homes are to take it as it is, "
                                              "say format = \"raw\"",
                                              image.file.name, image.format));
  }
  if (states_version(**header, file.version())) return {};
  return file.document().refuse("version", fmt::format("is {}, but the header of {} says {}", file.version(),
                                                       image.file.name, (*header)->version));
}

}  // namespace homepatch::feed
