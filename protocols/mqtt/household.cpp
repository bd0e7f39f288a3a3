#include "protocols/mqtt/household.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace homepatch::mqtt {

namespace {

constexpr int kInventoryQos = 0;  // mosquitto drops retained QoS 1 replays beyond its limits without a word
constexpr int kCommandQos = 0;    // a command that is repeated late does harm; who needs an answer asks again

bool is_no_devices(std::string_view topic) {
  return topic.starts_with("homepatch/") || topic.starts_with("homeassistant/");
}

template <typename... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <typename... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

}  // namespace

Household::Household(EventLoop& loop, tasmota::DeliveryLimits limits, Events events)
    : loop_(loop),
      reunion_(limits.reunion),
      events_(std::move(events)),
      tasmota_(tasmota::kMaxDevices, events_.acquainted),
      tasmota_delivery_(ports(), limits) {}

Household::~Household() = default;

Result<std::unique_ptr<Household>> Household::open(EventLoop& loop, Settings settings, tasmota::DeliveryLimits limits,
                                                   Events events) {
  std::unique_ptr<Household> household(new Household(loop, limits, std::move(events)));
  Household* self = household.get();
  settings.state_like = &tasmota::is_state_topic;
  household->client_ = TRY(Client::open(
      loop, std::move(settings), [self](const Message& message) { self->on_message(message); },
      [self](Link link, const std::string& text) { self->on_link(link, text); }));
  household->client_->subscribe(std::string(tasmota::kDiscoveryFilter), kInventoryQos);
  return household;
}

tasmota::Now Household::now() const { return {loop_.now(), loop_.monotonic()}; }

tasmota::Ports Household::ports() {
  return tasmota::Ports{
      loop_,
      [this](const DeviceId& device) { return tasmota_.contact(device); },
      [this](const DeviceId& device, bool on) {
        tasmota_.quiet(device, on, now());
        arm();
      },
      [this](const std::string& topic, const std::string& payload) {
        return client_->publish(topic, payload, kCommandQos);
      },
      [this](const Announcement& announcement) { announce_later(announcement); },
      [this](const std::string& text) { events_.remark(text); },
      [this] { return listens(); },
  };
}

bool Household::listens() const {
  return client_ != nullptr && client_->link() == Link::connected && loop_.monotonic() >= listens_from_;
}

// A delivery announces in the middle of a step, and who hears it may end that step: so it is heard on a later turn.
void Household::announce_later(const Announcement& announcement) {
  outbox_.push_back(announcement);
  post_ = loop_.after(Duration::zero(), [this] {
    for (const auto& each : std::exchange(outbox_, {})) events_.note(each);
  });
}

void Household::on_link(Link link, const std::string& text) {
  if (link == Link::connected) {
    // One that comes and goes all the time is not waited for longer each time.
    if (was_away_ && loop_.monotonic() >= listens_from_) listens_from_ = loop_.monotonic() + reunion_;
    apply(tasmota_.on_connected());
  }
  was_away_ = was_away_ || link != Link::connected;
  events_.link(link, text);
}

void Household::on_message(const Message& message) {
  if (is_no_devices(message.topic)) {
    if (events_.message) events_.message(message);
    return;
  }
  apply(tasmota_.on_message(message, now()));
}

// What cannot be sent now is not kept: the link is down, and its return starts all of this anew.
void Household::apply(const tasmota::Effects& effects) {
  const Overloaded carry_out{
      [this](const Announcement& announcement) { announce(announcement); },
      [this](const tasmota::Publish& publish) { (void)client_->publish(publish.topic, publish.payload, kCommandQos); },
      [this](const tasmota::Subscribe& wanted) { (void)client_->subscribe_now(wanted.filters, kInventoryQos); },
      [this](const tasmota::Unsubscribe& unwanted) { (void)client_->unsubscribe_now(unwanted.filters); },
      [this](const tasmota::Remark& remark) { events_.remark(remark.text); },
      [this](const tasmota::Heard& heard) { tasmota_delivery_.hear(heard); },
  };
  for (const auto& effect : effects) std::visit(carry_out, effect);
  arm();
}

// An announced device that the home has no room for would cost subscriptions and questions for nothing.
void Household::announce(const Announcement& announcement) {
  events_.announcement(announcement);
  if (!events_.acquainted) return;
  if (events_.acquainted(announcement.device) == tasmota::Acquaintance::stranger) {
    apply(tasmota_.dismiss(announcement.device));
  }
}

void Household::arm() {
  wake_.cancel();
  const auto at = tasmota_.next_wake();
  if (!at || client_ == nullptr || client_->link() != Link::connected) return;
  wake_ = loop_.after(std::max(*at - loop_.monotonic(), Duration::zero()), [this] { apply(tasmota_.on_time(now())); });
}

}  // namespace homepatch::mqtt
