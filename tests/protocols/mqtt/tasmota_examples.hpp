// Messages of pretend Tasmota devices, and the recorded ones of real ones.
#pragma once

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

#include "protocols/mqtt/message.hpp"

namespace homepatch::mqtt::tasmota {

// What is announced by the device of this MAC address under its default topic, "tasmota_" and the last six digits.
inline std::string config_text(const std::string& mac, const std::string& more = R"("bat":0)",
                               const std::string& topic = "", const std::string& version = "13.3.0") {
  return fmt::format(
      R"({{"ip":"127.0.0.1","dn":"Lamp","fn":["Relay",null],"hn":"host","mac":"{0}","md":"NOUS A1T","ofln":"Offline",)"
      R"("onln":"Online","sw":"{3}","t":"{1}","ft":"%prefix%/%topic%/","tp":["cmnd","stat","tele"],)"
      R"("so":{{"4":0}},"ver":1,{2}}})",
      mac, topic.empty() ? "tasmota_" + mac.substr(6) : topic, more, version);
}

inline std::string config_topic(const std::string& mac) { return "tasmota/discovery/" + mac + "/config"; }

inline std::string firmware_text(const std::string& version, const std::string& hardware = "ESP8266EX") {
  return fmt::format(R"({{"StatusFWR":{{"Version":"{}","SDK":"2.2.2-dev","Hardware":"{}"}}}})", version, hardware);
}

inline std::string boot_text(const std::string& version) {
  return fmt::format(R"({{"Info1":{{"Module":"NOUS A1T","Version":"{}"}}}})", version);
}

inline std::string network_text(const std::string& mac_with_colons) {
  return fmt::format(R"({{"StatusNET":{{"Hostname":"host","IPAddress":"127.0.0.9","Mac":"{}"}}}})", mac_with_colons);
}

// From $HOMEPATCH_RECORDED, or the folder beside the source tree; nothing where there is none.
inline std::optional<std::string> recorded(const std::string& name) {
  const char* folder = std::getenv("HOMEPATCH_RECORDED");
  const char* root = std::getenv("HOMEPATCH_SOURCE_ROOT");
  const std::string base =
      folder != nullptr ? folder : std::string(root != nullptr ? root : ".") + "/../shared/data/recorded";
  std::ifstream file(base + "/tasmota/" + name);
  if (!file) return std::nullopt;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace homepatch::mqtt::tasmota

// Reads a recorded message into a variable, or skips the test with a notice.
#define RECORDED_OR_SKIP(variable, name)                                       \
  const auto variable##_read = ::homepatch::mqtt::tasmota::recorded(name);     \
  if (!variable##_read) GTEST_SKIP() << "recorded message absent: " << (name); \
  const std::string& variable = *variable##_read
