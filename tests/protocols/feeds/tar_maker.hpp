// Tar archives written by hand, so that also what no tool would write can be said; and open files that hold bytes.
#pragma once

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/unique_fd.hpp"

namespace homepatch::feeds {

// The header of a ustar entry (POSIX 1003.1-2017, pax: "ustar Interchange Format").
inline std::string tar_header(std::string_view name, std::uint64_t size, char type = '0', std::string_view link = "") {
  std::string header(512, '\0');
  const auto put = [&](std::size_t at, std::string_view text) { header.replace(at, text.size(), text); };
  put(0, name.substr(0, 100));
  put(100, "0000644");
  put(108, "0000000");
  put(116, "0000000");
  put(124, fmt::format("{:011o}", size));
  put(136, "00000000000");
  put(148, "        ");
  header[156] = type;
  put(157, link.substr(0, 100));
  put(257, std::string_view("ustar\0"
                            "00",
                            8));
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  put(148, fmt::format("{:06o}", sum) + std::string("\0 ", 2));
  return header;
}

inline std::string tar_padding(std::uint64_t size) { return std::string((512 - size % 512) % 512, '\0'); }

inline std::string tar_entry(std::string_view name, std::string_view bytes, char type = '0',
                             std::string_view link = "") {
  return tar_header(name, bytes.size(), type, link) + std::string(bytes) + tar_padding(bytes.size());
}

// One attribute of the entry that follows (a pax extended header).
inline std::string pax_attribute(std::string_view key, std::string_view value) {
  std::size_t length = key.size() + value.size() + 3;
  std::size_t digits = 1;
  while (fmt::format("{}", length + digits).size() != digits) ++digits;
  length += digits;
  return tar_entry("pax", fmt::format("{} {}={}\n", length, key, value), 'x');
}

inline std::string tar_end() { return std::string(1024, '\0'); }

// An open file without a name.
inline UniqueFd file_of(std::string_view bytes) {
  UniqueFd fd(::memfd_create("tar-test", MFD_CLOEXEC));
  for (std::size_t done = 0; done < bytes.size();) {
    const auto n = ::write(fd.get(), bytes.data() + done, bytes.size() - done);
    if (n <= 0) return UniqueFd();
    done += static_cast<std::size_t>(n);
  }
  return fd;
}

}  // namespace homepatch::feeds
