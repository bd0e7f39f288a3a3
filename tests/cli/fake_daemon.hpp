// A homepatchd without anything behind it: org.homepatch1 with its objects, properties, methods and signals as the bus
// contract spells them, on a private bus. The test says what it knows and what happens.
#pragma once

#include <systemd/sd-bus.h>

#include <cstdint>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/event_loop.hpp"

namespace homepatch::cli {

class FakeDaemon {
 public:
  using Properties = nlohmann::json;  // by the bus's names
  struct Object {
    const char* interface;
    Properties properties;
  };

  FakeDaemon(EventLoop& loop, std::string address);
  ~FakeDaemon();
  FakeDaemon(const FakeDaemon&) = delete;
  FakeDaemon& operator=(const FakeDaemon&) = delete;

  // On the bus under its name; start() after stop() is a restart with the same knowledge.
  void start();
  void stop();

  // As homepatchd spells it: encoded, so that the number's first digit is a code of three.
  static std::string update_path(std::int64_t id);
  // Each gives the new object's path. What `properties` does not name is empty.
  std::string add_device(const std::string& id, Properties properties = Properties::object());
  std::string add_release(Properties properties);
  std::string add_update(const std::string& device_path, Properties properties = Properties::object());

  Properties& manager() { return manager_.properties; }
  [[nodiscard]] Properties& at(const std::string& path) { return objects_.at(path).properties; }
  [[nodiscard]] bool knows(const std::string& path) const { return objects_.contains(path); }
  [[nodiscard]] const std::vector<std::string>& calls() const { return calls_; }

  // Changes properties of an object and says so with PropertiesChanged.
  void change(const std::string& path, const Properties& properties);
  void progress(std::int64_t update, std::uint64_t done, std::uint64_t total);
  void remove(const std::string& path);

  // What the next deeds answer instead of doing it: {error name, text}.
  std::map<std::string, std::pair<std::string, std::string>> refusals;
  // What Explain() says of a device beyond its properties; Plan() has one such each.
  std::map<std::string, Properties> explanations;
  std::string refresh_text = "acme: nothing new";

  static int on_call(sd_bus_message* call, void* userdata, sd_bus_error* error) noexcept;
  static int on_get(sd_bus* bus, const char* path, const char* interface, const char* property, sd_bus_message* reply,
                    void* userdata, sd_bus_error* error) noexcept;
  static int on_find(sd_bus* bus, const char* path, const char* interface, void* userdata, void** found,
                     sd_bus_error* error) noexcept;
  static int on_enumerate(sd_bus* bus, const char* prefix, void* userdata, char*** paths, sd_bus_error* error) noexcept;

 private:
  int answer(sd_bus_message* call, sd_bus_error* error);
  int find_device(sd_bus_message* call, sd_bus_error* error);
  int begin_update(sd_bus_message* call, const std::string& path, sd_bus_error* error);
  int append_explanation(sd_bus_message* reply, const std::string& path);
  void publish();

  EventLoop& loop_;
  std::string address_;
  sd_bus* bus_ = nullptr;
  Object manager_;
  std::map<std::string, Object> objects_;
  std::vector<std::string> calls_;
  std::int64_t next_update_ = 1;
  std::int64_t next_release_ = 1;
};

}  // namespace homepatch::cli
