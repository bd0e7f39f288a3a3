// A pretend LwM2M client: its objects 1, 3 and 5, its firmware, and its restarts, each with a new socket.
//
// It says on its voice: registered location= port=, updated, forgotten, not-registered, reported version= (somebody
// read it), downloading, downloaded version=, package-refused, refused, executed, state state= result=, reset,
// restarting, installed version=, kept version=, dropped, gone, deregistered,
// slept-through path= (a request came while it slept).
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/event_loop.hpp"
#include "sim/lwm2m/coap_endpoint.hpp"
#include "sim/lwm2m/firmware_object.hpp"
#include "sim/lwm2m/lwm2m_settings.hpp"
#include "sim/lwm2m/object_tree.hpp"
#include "sim/lwm2m/observers.hpp"
#include "sim/lwm2m/registration.hpp"
#include "sim/voice.hpp"

namespace homepatch::sim {

class Lwm2mDevice {
 public:
  Lwm2mDevice(EventLoop& loop, const Lwm2mSettings& settings, const Lwm2mIdentity& identity, const LineSink& sink);

  void start() { boot(); }
  // Takes the registration back. `done` comes on a later turn.
  void stop(std::function<void()> done);

 private:
  // What lives from one start of the device to the next.
  struct Session {
    Session(EventLoop& loop, std::unique_ptr<CoapEndpoint> socket, const ObjectTree& tree,
            const Lwm2mSettings& settings, const Voice& voice)
        : endpoint(std::move(socket)),
          observers(tree, *endpoint, settings.kind == Lwm2mKind::zephyr),
          registration(loop, *endpoint, settings, voice, tree.links()) {}

    std::unique_ptr<CoapEndpoint> endpoint;
    Observers observers;
    Registration registration;
  };

  void add_server_object();
  void add_device_object();
  [[nodiscard]] CoapMessage write_lifetime(const CoapMessage& request);
  void boot();
  [[nodiscard]] std::optional<CoapMessage> on_request(const CoapMessage& request, const Peer& from);
  [[nodiscard]] bool sleeps() const;
  void install();
  void restart(bool installed);
  void come_back(bool installed);
  void go_dark();

  EventLoop& loop_;
  const Lwm2mSettings& settings_;
  Lwm2mIdentity identity_;
  Voice voice_;
  std::string version_;
  std::uint16_t last_port_ = 0;
  bool dark_ = false;      // without power from this moment on, although the socket is still there
  bool reported_ = false;  // since the boot
  std::chrono::milliseconds last_answer_{0};
  ObjectTree tree_;
  FirmwareObject firmware_;
  std::unique_ptr<Session> session_;
  Timer life_;
};

}  // namespace homepatch::sim
