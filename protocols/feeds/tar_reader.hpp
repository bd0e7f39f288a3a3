// A plain tar archive in an open file, entry after entry, read by libarchive with nothing but its tar formats: no
// filters, no other archives, nothing written anywhere. What is not an ordinary file or folder with a relative ASCII
// name is refused. The descriptor's position stays; it must outlive the reader.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

struct archive;

namespace homepatch::feeds {

inline constexpr std::size_t kMaxTarName = 512;
inline constexpr std::size_t kMaxTarHeader = 256U << 10U;  // of one entry, with its extensions

struct TarEntry {
  std::string name;  // without a leading or trailing '/', without "." and ".." segments
  std::uint64_t size = 0;
  bool folder = false;
  std::uint64_t at = 0;  // where in the file its bytes begin; they lie in one piece
};

// Takes a piece of an entry; an error ends the reading and comes back.
using TarSink = std::function<Status(std::string_view piece)>;

// Up to `count` bytes of a file; fewer only at its end. The descriptor's position stays.
Result<std::string> read_at(int fd, std::uint64_t offset, std::size_t count);

class TarReader {
 public:
  // Refuses compressed archives by name.
  static Result<TarReader> open(int fd);

  TarReader(TarReader&&) noexcept;
  TarReader& operator=(TarReader&&) noexcept;
  ~TarReader();

  // The next entry; nothing behind the last one. An archive that is cut off is malformed, also between two entries.
  Result<std::optional<TarEntry>> next();

  // The bytes of the entry that next() gave; once, and before the next next().
  Status read(const TarSink& sink);

 private:
  struct Source;
  struct Free {
    void operator()(struct archive* handle) const noexcept;
  };

  TarReader(std::unique_ptr<Source> source, struct archive* handle);
  Status check_end() const;

  std::unique_ptr<Source> source_;  // outlives the archive that reads from it
  std::unique_ptr<struct archive, Free> archive_;
  std::uint64_t size_ = 0;  // of the current entry
};

}  // namespace homepatch::feeds
