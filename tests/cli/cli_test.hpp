// The stage of this room's tests: a private bus, a pretend homepatchd on it, and the real homepatchctl as a child.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "child.hpp"
#include "cli/layout.hpp"
#include "cli/words.hpp"
#include "fake_daemon.hpp"
#include "private_bus.hpp"
#include "tiny_terminal.hpp"

namespace homepatch::cli {

struct Ran {
  int status = -1;
  std::string out;
  std::string err;
};

class CliTest : public ::testing::Test {
 protected:
  using Words = std::vector<std::string>;

  Ran run(const Words& arguments, const Child::Where& where = {}) {
    Child child(*loop, bus.address(), arguments, where);
    const int status = child.wait();
    return {status, child.out(), child.err()};
  }

  // The document that the program prints with --json; anything else on standard output fails the test.
  nlohmann::json json(Words arguments, int expected_status = 0) {
    arguments.emplace_back("--json");
    const Ran ran = run(arguments);
    EXPECT_EQ(ran.status, expected_status) << ran.out << ran.err;
    for (const char c : ran.out) EXPECT_TRUE((c >= 0x20 && c < 0x7F) || c == '\n') << "not printable ASCII";
    auto document = nlohmann::json::parse(ran.out, nullptr, false);
    EXPECT_FALSE(document.is_discarded()) << ran.out;
    return document;
  }

  std::string add_lamp() {
    return daemon.add_device("mac:e0980680ff6d", {{"Name", "kitchen-lamp"},
                                                  {"Family", "tasmota"},
                                                  {"Manufacturer", "Acme"},
                                                  {"Model", "Lamp 2"},
                                                  {"Hardware", "ESP8266"},
                                                  {"Version", "14.3.0"},
                                                  {"Address", "192.168.1.20"},
                                                  {"Condition", "online"},
                                                  {"Standing", "accepted"},
                                                  {"FirstSeen", 1'760'000'000'000},
                                                  {"LastSeen", now_millis() - 180'000},
                                                  {"Verdict", "ask"},
                                                  {"Reason", "owner_decides"},
                                                  {"ReasonText", "Your policy asks before updating."},
                                                  {"Target", "14.4.0"},
                                                  {"Catalog", "acme/lamp2/catalog.json"},
                                                  {"Updatable", "yes"},
                                                  {"Method", "auto"},
                                                  {"SupportEnd", "2099-12-31"},
                                                  {"SupportKind", "guaranteed"}});
  }

  std::string add_plug() {
    return daemon.add_device("mac:a4cf12000001", {{"Name", "porch-plug"},
                                                  {"Model", "Plug"},
                                                  {"Version", "1.0"},
                                                  {"Condition", "offline"},
                                                  {"Standing", "new"},
                                                  {"LastSeen", now_millis() - 3 * 86'400'000},
                                                  {"Verdict", "ask"},
                                                  {"Reason", "new_device"},
                                                  {"SupportEnd", "2020-01-31"}});
  }

  std::unique_ptr<EventLoop> loop = EventLoop::open().value();
  PrivateBus bus;
  FakeDaemon daemon{*loop, bus.address()};
};

// The lines of a text, without an empty one at its end.
inline std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::string line;
  for (const char c : text) {
    if (c == '\n') lines.push_back(std::exchange(line, ""));
    if (c != '\n' && c != '\r') line += c;
  }
  if (!line.empty()) lines.push_back(line);
  return lines;
}

inline bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace homepatch::cli
