// A client's registration at its server (LwM2M 1.1 section 6.2): made, kept alive, made anew when the server has
// forgotten it, and taken back at a clean end.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "base/event_loop.hpp"
#include "sim/lwm2m/coap_endpoint.hpp"
#include "sim/lwm2m/lwm2m_settings.hpp"
#include "sim/voice.hpp"

namespace homepatch::sim {

class Registration {
 public:
  // All references outlive the registration.
  Registration(EventLoop& loop, CoapEndpoint& endpoint, const Lwm2mSettings& settings, const Voice& voice,
               std::string links)
      : loop_(loop),
        endpoint_(endpoint),
        settings_(settings),
        voice_(voice),
        links_(std::move(links)),
        lifetime_(settings.lifetime) {}

  void start();
  // Registration Update Trigger, or a changed lifetime.
  void update(bool with_lifetime);
  void set_lifetime(std::uint32_t seconds) { lifetime_ = seconds; }
  [[nodiscard]] std::uint32_t lifetime() const { return lifetime_; }
  // When the server last answered it.
  [[nodiscard]] std::chrono::milliseconds last_word() const { return last_word_; }
  // `done` comes when the server has answered or, being away, has not for some seconds; never inside this call.
  void leave(std::function<void()> done);

 private:
  void on_registered(const Result<CoapMessage>& response);
  void on_updated(const Result<CoapMessage>& response);
  void schedule_update();
  [[nodiscard]] CoapMessage to_location(std::uint8_t method) const;

  EventLoop& loop_;
  CoapEndpoint& endpoint_;
  const Lwm2mSettings& settings_;
  const Voice& voice_;
  std::string links_;
  std::uint32_t lifetime_;
  std::vector<std::string> location_;  // empty: not registered
  std::chrono::milliseconds last_word_{0};
  Timer timer_;
};

}  // namespace homepatch::sim
