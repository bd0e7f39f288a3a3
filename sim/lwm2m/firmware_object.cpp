#include "sim/lwm2m/firmware_object.hpp"

#include "sim/image/mcuboot_image.hpp"

namespace homepatch::sim {

namespace {

constexpr std::uint16_t kObject = 5;
constexpr std::size_t kMaxUri = 255;
constexpr std::chrono::seconds kMaxSilence{60};
// Where the sender does not say how long the body is, the power goes after this much.
constexpr std::uint64_t kBlindDrop = 4096;

}  // namespace

FirmwareObject::FirmwareObject(EventLoop& loop, const Lwm2mSettings& settings, Faults& faults, const Voice& voice,
                               Events events)
    : loop_(loop),
      settings_(settings),
      faults_(faults),
      voice_(voice),
      events_(std::move(events)),
      receiver_(settings.kind, settings.szx, [this](std::string_view bytes) { reader_->add(bytes); }) {}

void FirmwareObject::add_to(ObjectTree& tree) {
  tree.resource(kObject, 0).write = [this](const CoapMessage& request) { return write_package(request); };
  auto& uri = tree.resource(kObject, 1);
  uri.write = [this](const CoapMessage& request) { return write_uri(request); };
  if (settings_.kind != Lwm2mKind::wakaama) uri.read = [this] { return Lwm2mValue(uri_); };
  tree.resource(kObject, 2).execute = [this] { return execute_update(); };
  tree.resource(kObject, 3).read = [this] { return Lwm2mValue(shown_state()); };
  tree.resource(kObject, 5).read = [this] { return Lwm2mValue(std::int64_t{result_}); };
  tree.resource(kObject, 6).read = [this] { return Lwm2mValue(package_.name); };
  tree.resource(kObject, 7).read = [this] { return Lwm2mValue(package_.version); };
  tree.resource(kObject, 8).read = [] { return Lwm2mValue(std::map<std::uint16_t, std::int64_t>{{0, 0}}); };
  tree.resource(kObject, 9).read = [] { return Lwm2mValue(std::int64_t{1}); };  // push only
  if (settings_.kind == Lwm2mKind::anjay) tree.resource(kObject, 10).execute = [this] { return cancel(); };
}

std::int64_t FirmwareObject::shown_state() const {
  const bool counts_from_one = settings_.kind == Lwm2mKind::wakaama;
  return static_cast<std::int64_t>(state_) + (counts_from_one ? 1 : 0);
}

void FirmwareObject::become(State state, int result) {
  if (state == state_ && result == result_) return;
  state_ = state;
  result_ = result;
  voice_.say("state state={} result={}", static_cast<int>(state_), result_);
  events_.changed();
}

void FirmwareObject::settle(State state, int result) {
  receiver_.forget();
  silence_.cancel();
  if (state != State::downloaded) package_ = {};
  become(state, result);
}

CoapMessage FirmwareObject::write_package(const CoapMessage& request) {
  if (state_ == State::updating || faults_.has(Fault::refuse)) {
    voice_.say("refused");
    return only_code(coap::kMethodNotAllowed);
  }
  const auto format = request.find_number(coap::kContentFormat);
  if (format && *format != content_format::kOpaque) return only_code(coap::kUnsupportedFormat);
  const bool begins = BlockReceiver::begins(request);
  if (begins && request.payload == std::string_view("\0", 1)) return reset();
  if (begins && request.payload.empty()) {
    return settings_.kind == Lwm2mKind::anjay ? only_code(coap::kBadRequest) : reset();
  }
  if (begins && state_ == State::downloaded) return only_code(coap::kBadRequest);
  return receive(request);
}

CoapMessage FirmwareObject::receive(const CoapMessage& request) {
  const bool begins = BlockReceiver::begins(request);
  if (begins) reader_ = make_mcuboot_reader();
  const bool was_active = receiver_.active();
  auto verdict = receiver_.take(request);
  if (!verdict.taken) {
    if (was_active && !receiver_.active()) settle(State::idle, kConnectionLost);
    return std::move(verdict.response);
  }
  if (begins) {
    voice_.say("downloading total={}", receiver_.announced());
    become(settings_.kind == Lwm2mKind::anjay ? State::idle : State::downloading, kInitial);
  }
  silence_ = loop_.after(kMaxSilence, [this] { settle(State::idle, kConnectionLost); });
  const auto enough = receiver_.announced() == 0 ? kBlindDrop : receiver_.announced() / 2;
  if (receiver_.received() >= enough && faults_.spend(Fault::drop_midway)) {
    voice_.say("dropped done={} total={}", receiver_.received(), receiver_.announced());
    receiver_.forget();
    events_.lose_power();
  } else if (verdict.complete) {
    complete();
  }
  return std::move(verdict.response);
}

// The write itself has succeeded; what is thought of its content is said by State and Result.
void FirmwareObject::complete() {
  silence_.cancel();
  auto facts = reader_->finish();
  if (!facts) {
    voice_.say("package-refused text={}", in_quotes(facts.error().text));
    const bool foreign = facts.error().code == Errc::unsupported;
    return settle(State::idle, foreign ? kUnsupportedType : kIntegrityFailure);
  }
  package_ = std::move(*facts);
  voice_.say("downloaded version={} bytes={}", package_.version, receiver_.received());
  become(State::downloaded, kInitial);
}

CoapMessage FirmwareObject::write_uri(const CoapMessage& request) {
  if (state_ == State::updating) return only_code(coap::kMethodNotAllowed);
  const auto uri = written_value(request, 1);
  if (!uri) return only_code(coap::kUnsupportedFormat);
  if (uri->empty()) return reset();
  if (state_ != State::idle || uri->size() > kMaxUri) return only_code(coap::kBadRequest);
  // Resource 9 says push only.
  become(State::idle, kUnsupportedProtocol);
  return only_code(settings_.kind == Lwm2mKind::anjay ? coap::kBadRequest : coap::kChanged);
}

// Zephyr takes note of a reset only in Downloaded; elsewhere it says yes and does nothing.
CoapMessage FirmwareObject::reset() {
  if (settings_.kind != Lwm2mKind::zephyr || state_ == State::downloaded) {
    voice_.say("reset");
    uri_.clear();
    settle(State::idle, kInitial);
  }
  return only_code(coap::kChanged);
}

std::uint8_t FirmwareObject::execute_update() {
  if (state_ != State::downloaded) return coap::kMethodNotAllowed;
  voice_.say("executed version={}", package_.version);
  become(State::updating, kInitial);
  if (!faults_.has(Fault::hang)) events_.install();
  return coap::kChanged;
}

std::uint8_t FirmwareObject::cancel() {
  const bool going_on = state_ == State::downloaded || receiver_.active();
  if (state_ == State::updating || !going_on) return coap::kMethodNotAllowed;
  settle(State::idle, kCancelled);
  return coap::kChanged;
}

}  // namespace homepatch::sim
