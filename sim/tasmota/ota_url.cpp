#include "sim/tasmota/ota_url.hpp"

#include <array>
#include <charconv>

namespace homepatch::sim {

namespace {

std::array<unsigned, 4> numbers(std::string_view version) {
  std::array<unsigned, 4> out{};
  const char* at = version.data();
  const char* const end = at + version.size();
  for (auto& number : out) {
    const auto [stop, error] = std::from_chars(at, end, number);
    if (error != std::errc() || stop == end || *stop != '.') break;
    at = stop + 1;
  }
  return out;
}

}  // namespace

std::string minimal_url(std::string_view ota_url) {
  const auto slash = ota_url.rfind('/');
  const std::size_t name = slash == std::string_view::npos ? 0 : slash + 1;
  const auto dot = ota_url.find('.', name);
  const auto extension = dot == std::string_view::npos ? std::string_view() : ota_url.substr(dot);
  const auto dash = ota_url.rfind('-');
  std::size_t stem = ota_url.size() - extension.size();
  if (dash != std::string_view::npos && dash >= name) stem = dash;
  return std::string(ota_url.substr(0, stem)) + "-minimal" + std::string(extension);
}

bool is_newer_version(std::string_view wanted, std::string_view running) { return numbers(wanted) > numbers(running); }

}  // namespace homepatch::sim
