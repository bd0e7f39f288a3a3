#include "trust/tuf/target_path.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

namespace homepatch::tuf {

namespace {

constexpr std::string_view kPathCharacters = "-._~!$&'()*+,;=:@/";  // RFC 3986 section 3.3, and the separator

bool has_bad_segment(std::string_view path) {
  while (true) {
    const auto slash = path.find('/');
    const auto segment = path.substr(0, slash);
    if (segment.empty() || segment == "." || segment == "..") return true;
    if (slash == std::string_view::npos) return false;
    path.remove_prefix(slash + 1);
  }
}

}  // namespace

Status check_target_path(std::string_view path) {
  if (!is_plain_text(path, kMaxTargetPath) || path.find('\\') != path.npos || has_bad_segment(path)) {
    return fail(Errc::invalid_argument,
                fmt::format("\"{}\" is no path of a target; one looks like vendor.example/lamp/catalog.json",
                            printable(path, 128)));
  }
  return {};
}

std::string target_fetch_path(std::string_view target_path, std::string_view hash) {
  if (hash.empty()) return percent_encode(target_path, kPathCharacters);
  const auto slash = target_path.rfind('/');
  const auto name = slash == target_path.npos ? 0 : slash + 1;
  return fmt::format("{}{}.{}", percent_encode(target_path.substr(0, name), kPathCharacters), hash,
                     percent_encode(target_path.substr(name), kPathCharacters));
}

}  // namespace homepatch::tuf
