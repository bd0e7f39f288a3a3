// The CoAP room with real sockets on loopback, as the daemon puts it together, and what it announced.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "base/event_loop.hpp"
#include "pretend_device.hpp"
#include "protocols/coap/context.hpp"
#include "protocols/coap/delivery.hpp"
#include "protocols/coap/exchange.hpp"
#include "protocols/coap/lwm2m_server.hpp"

namespace homepatch::coap::test {

using std::chrono::milliseconds;
using std::chrono::seconds;

inline constexpr seconds kLimit{20};

class CoapHouse : public ::testing::Test {
 protected:
  static Lwm2mTimes quick_times() {
    Lwm2mTimes out;
    out.reading = {seconds(1), 1};
    return out;
  }

  std::unique_ptr<PretendDevice> device(const std::string& ip = "127.0.0.2") {
    return std::make_unique<PretendDevice>(*loop, ip, home.port());
  }
  bool until(const std::function<bool()>& done) { return loop->run_until(done, kLimit); }
  // Turns the loop for as long as things happen by themselves, to see that something does not.
  void a_while() {
    loop->run_until([] { return false; }, milliseconds(60));
  }

  [[nodiscard]] const Announcement* last(const std::function<bool(const Announcement&)>& wanted) const {
    const auto found = std::find_if(announced.rbegin(), announced.rend(), wanted);
    return found == announced.rend() ? nullptr : &*found;
  }
  [[nodiscard]] bool told_version(const std::string& version) const {
    return last([&version](const auto& a) { return a.version == version; }) != nullptr;
  }
  // Registers and waits until the interview is over and both observations stand.
  void settle_in(PretendDevice& client, const std::string& endpoint = "lamp", const std::string& more = "lwm2m=1.1") {
    client.register_as(endpoint, more);
    const auto asked = [&client](const std::string& what) { return std::ranges::count(client.asked, what); };
    ASSERT_TRUE(until([&] { return asked("GET /5/0/3") >= 2 && asked("GET /5/0/5") >= 2; }));
  }

  static DeviceId id(const std::string& endpoint = "lamp") { return DeviceId::from_endpoint(endpoint).value(); }

  std::unique_ptr<EventLoop> loop = EventLoop::open().value();
  std::unique_ptr<Context> context = Context::open(*loop).value();
  Address home = context->listen(Address::make("127.0.0.1", 0).value()).value();
  std::unique_ptr<Exchanges> exchanges = std::make_unique<Exchanges>(*loop, *context);
  std::vector<Announcement> announced;
  std::unique_ptr<Lwm2mServer> server = std::make_unique<Lwm2mServer>(
      *loop, *context, *exchanges, quick_times(), [this](const Announcement& a) { announced.push_back(a); });
};

}  // namespace homepatch::coap::test
