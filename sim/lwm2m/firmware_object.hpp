// Object 5, Firmware Update (OMA registry, versions 1.0 and 1.1): its state machine, with the habits of three clients.
// Fed by the device's object tree; tells the device when something observable changed and when to restart.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/event_loop.hpp"
#include "sim/image/image.hpp"
#include "sim/lwm2m/block_receiver.hpp"
#include "sim/lwm2m/lwm2m_settings.hpp"
#include "sim/lwm2m/object_tree.hpp"
#include "sim/voice.hpp"

namespace homepatch::sim {

class FirmwareObject {
 public:
  enum class State { idle = 0, downloading = 1, downloaded = 2, updating = 3 };
  // Update Result (registry, resource 5).
  static constexpr int kInitial = 0;
  static constexpr int kSuccess = 1;
  static constexpr int kConnectionLost = 4;
  static constexpr int kIntegrityFailure = 5;
  static constexpr int kUnsupportedType = 6;
  static constexpr int kUpdateFailed = 8;
  static constexpr int kUnsupportedProtocol = 9;
  static constexpr int kCancelled = 10;

  struct Events {
    std::function<void()> changed;     // State or Result
    std::function<void()> install;     // Execute was accepted: State is Updating
    std::function<void()> lose_power;  // fault drop-midway
  };

  // All references outlive the object.
  FirmwareObject(EventLoop& loop, const Lwm2mSettings& settings, Faults& faults, const Voice& voice, Events events);

  void add_to(ObjectTree& tree);

  [[nodiscard]] State state() const { return state_; }
  // While an Anjay client is in the middle of a streamed write it answers nothing else.
  [[nodiscard]] bool busy() const { return settings_.kind == Lwm2mKind::anjay && receiver_.active(); }
  [[nodiscard]] const ImageFacts& package() const { return package_; }

  // What the device finds when it has started again, or when an installation ended without a restart.
  void settle(State state, int result);

 private:
  [[nodiscard]] CoapMessage write_package(const CoapMessage& request);
  [[nodiscard]] CoapMessage receive(const CoapMessage& request);
  void complete();
  [[nodiscard]] CoapMessage write_uri(const CoapMessage& request);
  [[nodiscard]] CoapMessage reset();
  [[nodiscard]] std::uint8_t execute_update();
  [[nodiscard]] std::uint8_t cancel();
  void become(State state, int result);
  [[nodiscard]] std::int64_t shown_state() const;

  EventLoop& loop_;
  const Lwm2mSettings& settings_;
  Faults& faults_;
  const Voice& voice_;
  Events events_;
  State state_ = State::idle;
  int result_ = kInitial;
  std::string uri_;
  ImageFacts package_;
  std::unique_ptr<ImageReader> reader_;
  BlockReceiver receiver_;
  Timer silence_;  // ends a transfer whose blocks stay away
};

}  // namespace homepatch::sim
