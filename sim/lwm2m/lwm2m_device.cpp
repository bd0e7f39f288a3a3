#include "sim/lwm2m/lwm2m_device.hpp"

#include <algorithm>
#include <charconv>

namespace homepatch::sim {

namespace {

constexpr std::chrono::milliseconds kNow{0};
constexpr std::chrono::seconds kSocketRetry{1};

using Instances = std::map<std::uint16_t, std::int64_t>;

ObjectTreeManner manner(Lwm2mKind kind) { return {kind != Lwm2mKind::wakaama, kind != Lwm2mKind::anjay}; }

std::string endpoint_name(const Lwm2mSettings& settings, const Lwm2mIdentity& identity) {
  return fmt::format("{}{:04}", settings.endpoint_prefix, identity.index);
}

}  // namespace

Lwm2mDevice::Lwm2mDevice(EventLoop& loop, const Lwm2mSettings& settings, const Lwm2mIdentity& identity,
                         const LineSink& sink)
    : loop_(loop),
      settings_(settings),
      identity_(identity),
      voice_(endpoint_name(settings, identity), sink),
      version_(settings.version),
      tree_(manner(settings.kind)),
      firmware_(loop, settings, identity_.faults, voice_,
                {[this] {
                   if (session_) session_->observers.notify();
                 },
                 [this] { install(); }, [this] { go_dark(); }}) {
  add_server_object();
  add_device_object();
  firmware_.add_to(tree_);
}

void Lwm2mDevice::add_server_object() {
  constexpr std::uint16_t kServer = 1;
  tree_.resource(kServer, 0).read = [] { return Lwm2mValue(std::int64_t{123}); };
  auto& lifetime = tree_.resource(kServer, 1);
  lifetime.read = [this] { return Lwm2mValue(std::int64_t{session_->registration.lifetime()}); };
  lifetime.write = [this](const CoapMessage& request) { return write_lifetime(request); };
  tree_.resource(kServer, 6).read = [] { return Lwm2mValue(true); };
  tree_.resource(kServer, 7).read = [this] { return Lwm2mValue(std::string(settings_.queue ? "UQ" : "U")); };
  tree_.resource(kServer, 8).execute = [this] {
    life_ = loop_.after(kNow, [this] { session_->registration.update(false); });
    return coap::kChanged;
  };
}

void Lwm2mDevice::add_device_object() {
  constexpr std::uint16_t kDevice = 3;
  const auto text = [&](std::uint16_t id, const std::string& value) {
    tree_.resource(kDevice, id).read = [value] { return Lwm2mValue(value); };
  };
  text(0, settings_.manufacturer);
  text(1, settings_.model);
  text(2, fmt::format("SN-{:06}", identity_.index));
  tree_.resource(kDevice, 3).read = [this] {
    if (!std::exchange(reported_, true)) voice_.say("reported version={}", version_);
    return Lwm2mValue(version_);
  };
  tree_.resource(kDevice, 4).execute = [this] {
    life_ = loop_.after(settings_.install_delay, [this] { restart(false); });
    return coap::kChanged;
  };
  tree_.resource(kDevice, 10).read = [] { return Lwm2mValue(std::int64_t{4096}); };  // kB
  tree_.resource(kDevice, 11).read = [] { return Lwm2mValue(Instances{{0, 0}}); };
  text(16, "U");
  text(17, "lamp");
  text(18, settings_.hardware);
}

CoapMessage Lwm2mDevice::write_lifetime(const CoapMessage& request) {
  std::uint32_t seconds = 0;
  const auto& text = request.payload;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || stop != text.data() + text.size() || seconds == 0) return only_code(coap::kBadRequest);
  session_->registration.set_lifetime(seconds);
  life_ = loop_.after(kNow, [this] { session_->registration.update(true); });
  return only_code(coap::kChanged);
}

void Lwm2mDevice::boot() {
  auto endpoint = CoapEndpoint::open(loop_, identity_.address, last_port_,
                                     [this](const CoapMessage& m, const Peer& p) { return on_request(m, p); });
  if (!endpoint) {
    voice_.say("no-socket text={}", in_quotes(endpoint.error().text));
    life_ = loop_.after(kSocketRetry, [this] { boot(); });
    return;
  }
  dark_ = false;
  reported_ = false;
  last_port_ = (*endpoint)->port();
  session_ = std::make_unique<Session>(loop_, std::move(*endpoint), tree_, settings_, voice_);
  session_->registration.start();
}

std::optional<CoapMessage> Lwm2mDevice::on_request(const CoapMessage& request, const Peer& from) {
  if (dark_) return std::nullopt;
  if (sleeps()) {
    voice_.say("slept-through path={}", in_quotes(request.joined(coap::kUriPath)));
    return std::nullopt;
  }
  last_answer_ = loop_.monotonic();
  const bool package = request.joined(coap::kUriPath) == "/5/0/0";
  if (firmware_.busy() && !package) return only_code(coap::kUnavailable);
  auto response = tree_.answer(request);
  if (dark_) return std::nullopt;
  session_->observers.consider(request, from, response);
  return response;
}

bool Lwm2mDevice::sleeps() const {
  if (!settings_.queue) return false;
  return loop_.monotonic() - std::max(last_answer_, session_->registration.last_word()) > settings_.awake;
}

// State 3 has been told; then contact is lost.
void Lwm2mDevice::install() {
  if (identity_.faults.spend(Fault::fail_once)) {
    life_ = loop_.after(settings_.install_delay,
                        [this] { firmware_.settle(FirmwareObject::State::idle, FirmwareObject::kUpdateFailed); });
    return;
  }
  life_ = loop_.after(settings_.install_delay, [this] { restart(true); });
}

void Lwm2mDevice::restart(bool installed) {
  session_.reset();
  if (installed && identity_.faults.has(Fault::vanish)) {
    voice_.say("gone");
    return;
  }
  voice_.say("restarting");
  life_ = loop_.after(settings_.boot_time, [this, installed] { come_back(installed); });
}

void Lwm2mDevice::come_back(bool installed) {
  using State = FirmwareObject::State;
  const bool forgets = settings_.kind == Lwm2mKind::zephyr;
  if (!installed) {
    const bool kept = !forgets && firmware_.state() == State::downloaded;
    firmware_.settle(kept ? State::downloaded : State::idle, FirmwareObject::kInitial);
    return boot();
  }
  const bool falls_back = identity_.faults.has(Fault::fall_back);
  const bool contradicts = identity_.faults.has(Fault::contradict);
  if (falls_back || identity_.faults.has(Fault::lie)) {
    voice_.say("kept version={}", version_);
  } else {
    version_ = firmware_.package().version;
    voice_.say("installed version={}", version_);
  }
  int result = falls_back ? FirmwareObject::kUpdateFailed : FirmwareObject::kSuccess;
  if (forgets) result = FirmwareObject::kInitial;
  if (contradicts) result = FirmwareObject::kUpdateFailed;
  firmware_.settle(State::idle, result);
  boot();
}

// Called while a request is being answered: the socket may only go on the next turn.
void Lwm2mDevice::go_dark() {
  dark_ = true;
  life_ = loop_.after(kNow, [this] { restart(false); });
}

void Lwm2mDevice::stop(std::function<void()> done) {
  if (!session_) {
    life_ = loop_.after(kNow, std::move(done));
    return;
  }
  life_.cancel();
  session_->registration.leave(std::move(done));
}

}  // namespace homepatch::sim
