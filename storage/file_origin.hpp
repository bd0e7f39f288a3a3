// Where the bytes of a file came from, and the validator (an ETag, or a date) that came with them: so that the same
// place can be asked later whether it still has the same file (If-Range for the rest of a partial download,
// If-None-Match for a whole one; RFC 9110 section 13.1). Lies beside the file and goes with it. It is a help, not a
// promise: whoever uses it must be right without it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace homepatch {

struct FileOrigin {
  static constexpr std::size_t kMaxUrl = 2048;  // a longer one is not kept
  static constexpr std::size_t kMaxValidator = 256;
  static constexpr std::string_view kSuffix = ".from";

  std::string url;
  std::string validator;

  // What is kept beside `file`; nothing where it is absent or makes no sense.
  static std::optional<FileOrigin> load(const std::filesystem::path& file);
  // invalid_argument when a text is empty, too long, or has other than printable characters.
  [[nodiscard]] Status save(const std::filesystem::path& file) const;
  static void remove(const std::filesystem::path& file);
};

}  // namespace homepatch
