// A message bus of the test's own: a real dbus-daemon with a socket in a temporary folder, gone with this object.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace homepatch::cli {

class PrivateBus {
 public:
  // `denied`: methods (with their interface) that the bus's policy lets nobody call.
  explicit PrivateBus(const std::vector<std::string>& denied = {});
  ~PrivateBus();
  PrivateBus(const PrivateBus&) = delete;
  PrivateBus& operator=(const PrivateBus&) = delete;

  [[nodiscard]] const std::string& address() const { return address_; }
  // Ends the dbus-daemon, as when the system's bus is restarted.
  void stop();

 private:
  std::filesystem::path folder_;
  std::string address_;
  pid_t daemon_ = -1;
};

}  // namespace homepatch::cli
