// The ways in which real devices disappoint, on request. Each kind of device says in its own code what a fault does.
#pragma once

#include <bitset>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace homepatch::sim {

enum class Fault {
  refuse,       // says no to the update
  hang,         // accepts, then never goes on
  lie,          // claims success, runs the old version
  fall_back,    // restarts and comes back with the old version
  contradict,   // comes back with the new version and a failure result
  vanish,       // never comes back from the restart
  drop_midway,  // loses its power in the middle of the transfer, once; comes back with the old version
  wrong_mac,    // Tasmota: Status 5 names another MAC address
  fail_once,    // the first update fails without a restart, the next one works
};
inline constexpr std::size_t kFaults = 9;

std::string_view to_string(Fault fault);

// The faults of one device.
class Faults {
 public:
  [[nodiscard]] bool has(Fault fault) const { return set_.test(static_cast<std::size_t>(fault)); }
  void add(Fault fault) { set_.set(static_cast<std::size_t>(fault)); }
  // True once: for what befalls a device a single time.
  bool spend(Fault fault) {
    const bool had = has(fault);
    set_.reset(static_cast<std::size_t>(fault));
    return had;
  }

 private:
  std::bitset<kFaults> set_;
};

// From the command line: each "KIND" (every device) or "KIND@INDEX" (one of them, counted from 0).
Result<std::vector<Faults>> parse_faults(const std::vector<std::string>& wishes, std::size_t devices);

}  // namespace homepatch::sim
