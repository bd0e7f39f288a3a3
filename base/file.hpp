// Whole small files, read with a limit and written so that a power cut leaves the old or the new one.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace homepatch {

// The whole content. too_large above `max_bytes`; refuses what is not a regular file.
Result<std::string> read_file(const std::filesystem::path& path, std::size_t max_bytes);

// Writes to a temporary file beside `path`, fsyncs it, renames it over `path` and fsyncs the folder.
Status write_file_atomically(const std::filesystem::path& path, std::string_view content, unsigned mode = 0644);

// Removes what a crash left of write_file_atomically() beside files whose names end in `suffix`: regular files of this
// process's own user under the names that it makes, nothing else. A folder that is not there has none. Gives how many.
Result<std::size_t> sweep_temporaries(const std::filesystem::path& folder, std::string_view suffix);

// A secret (password, key) from a file: one line, its end of line removed. The text of the error never holds the
// secret.
Result<std::string> read_secret(const std::filesystem::path& path);

// Makes `path` and its parents where they are missing, mode 0750.
Status make_folder(const std::filesystem::path& path);

// fsync of the folder itself: makes renames and removals in it last.
Status sync_folder(const std::filesystem::path& folder);

}  // namespace homepatch
