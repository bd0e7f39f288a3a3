// homepatch on D-Bus: the name org.homepatch1 and its objects. Reads the engine, turns calls into events of it, and
// tells changes, collected over a moment so that a thousand devices do not flood the bus. Keeps nothing of its own.
#pragma once

#include <systemd/sd-bus.h>

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "base/event_loop.hpp"
#include "daemon/bus/status.hpp"
#include "daemon/engine.hpp"

namespace homepatch::bus {

class Server {
 public:
  // Connects to the system bus and takes the name. unavailable: no bus; busy: another homepatchd has the name.
  static Result<std::unique_ptr<Server>> open(EventLoop& loop, Engine& engine, Sources sources);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  void on_device(const DeviceId& id);  // came, changed or went
  void on_update(const Update& update);
  void on_update_dropped(UpdateId id);
  void on_progress(UpdateId id, Progress progress);
  void on_status();    // broker, feeds, clock or cache changed
  void on_catalogs();  // releases came or went
  void lost(std::function<void()> action) { on_lost_ = std::move(action); }

  // For the objects of this room.
  [[nodiscard]] Engine& engine() { return engine_; }
  [[nodiscard]] const Engine& engine() const { return engine_; }
  [[nodiscard]] const Sources& sources() const { return sources_; }

 private:
  struct Unref {
    void operator()(sd_bus* bus) const { sd_bus_flush_close_unref(bus); }
  };

  Server(EventLoop& loop, Engine& engine, Sources sources)
      : loop_(loop), engine_(engine), sources_(std::move(sources)) {}
  homepatch::Status connect();
  void later();
  void tell();
  template <typename Id>
  void tell_of(std::set<Id>& known, const Id& id, bool exists, const std::string& path, const char* interface);
  void tell_progress();

  EventLoop& loop_;
  Engine& engine_;
  Sources sources_;
  std::unique_ptr<sd_bus, Unref> bus_;
  std::function<void()> on_lost_;
  Timer tell_timer_;
  Timer progress_timer_;
  std::set<DeviceId> known_devices_;  // told of
  std::set<DeviceId> devices_;        // to be told of
  std::set<UpdateId> known_updates_;
  std::set<UpdateId> updates_;
  std::set<std::string> known_releases_;
  bool status_ = false;
  bool releases_ = false;
  std::map<UpdateId, Progress> progress_;
};

}  // namespace homepatch::bus
