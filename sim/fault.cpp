#include "sim/fault.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <charconv>
#include <optional>

#include "base/text.hpp"

namespace homepatch::sim {

namespace {

constexpr std::array<std::string_view, kFaults> kNames{"refuse", "hang",        "lie",       "fall-back", "contradict",
                                                       "vanish", "drop-midway", "wrong-mac", "fail-once"};

std::optional<Fault> fault_from(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<Fault>(i);
  }
  return std::nullopt;
}

}  // namespace

std::string_view to_string(Fault fault) { return kNames[static_cast<std::size_t>(fault)]; }

Result<std::vector<Faults>> parse_faults(const std::vector<std::string>& wishes, std::size_t devices) {
  std::vector<Faults> out(devices);
  for (const std::string_view wish : wishes) {
    const auto at = wish.find('@');
    const auto fault = fault_from(wish.substr(0, at));
    if (!fault) {
      return fail(Errc::invalid_argument, fmt::format("'{}' is no fault; there are {}", printable(wish.substr(0, at)),
                                                      fmt::join(kNames, ", ")));
    }
    if (at == std::string_view::npos) {
      for (auto& faults : out) faults.add(*fault);
      continue;
    }
    std::size_t index = 0;
    const auto [stop, error] = std::from_chars(wish.data() + at + 1, wish.data() + wish.size(), index);
    if (error != std::errc() || stop != wish.data() + wish.size() || index >= devices) {
      return fail(Errc::invalid_argument,
                  fmt::format("'{}' names no device; they are counted from 0 to {}", printable(wish), devices - 1));
    }
    out[index].add(*fault);
  }
  return out;
}

}  // namespace homepatch::sim
