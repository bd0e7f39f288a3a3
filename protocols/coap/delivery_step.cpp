#include "protocols/coap/delivery_step.hpp"

#include <array>
#include <utility>

#include "protocols/coap/resource_value.hpp"

namespace homepatch::coap {

namespace {

// Clients differ in which of these they heed, and in which state: Zephyr takes a single byte in the middle of a
// download for the end of it and can be reset only then, hence the second round.
enum class Reset { empty_uri, single_nul, cancel };
constexpr std::array kResets{Reset::empty_uri, Reset::single_nul, Reset::cancel, Reset::empty_uri, Reset::single_nul};

Request reset_request(const Segments& root, Reset reset) {
  switch (reset) {
    case Reset::empty_uri: return write(root, resource::kPackageUri, kText, "");
    case Reset::single_nul: return write(root, resource::kPackage, kOctets, std::string(1, '\0'));
    case Reset::cancel: break;
  }
  return execute(root, resource::kCancel);
}

}  // namespace

DeliveryStep::DeliveryStep(Loop& loop, Lwm2mServer& server, DeliveryJob job, const DeliveryTimes& times,
                           DeliveryReports reports)
    : loop_(loop), job_(std::move(job)), times_(times), server_(server), reports_(std::move(reports)) {
  timer_ = loop_.after(std::chrono::milliseconds::zero(), [this] { start(); });
}

DeliveryStep::~DeliveryStep() {
  if (gone_ != nullptr) *gone_ = true;
}

void DeliveryStep::start() {
  Claim::Hooks hooks;
  hooks.interrupted = [this](DeliveryFailed failure) { interrupted(std::move(failure)); };
  hooks.state_told = [this](std::int64_t state) { state_told(state); };
  auto claimed = server_.claim(job_.device, std::move(hooks));
  if (!claimed) {
    not_possible(claimed.error());
    return;
  }
  claim_ = std::move(*claimed);
  if (claim_->is_awake()) {
    run();
  } else {
    asleep();
  }
}

// Its next word, or the end of its registration, begins the step anew.
void DeliveryStep::asleep() {
  DeliveryFailed failure;
  failure.reason = Reason::asleep;
  failure.counts = false;
  failure.text = "it listens only for a while after it has spoken";
  failure.not_before = claim_->asleep_until();
  finish(failure);
}

void DeliveryStep::ask(Request request, const Timing& timing, Answered answered) {
  exchange_ = claim_->exchanges().request(claim_->registration()->route, std::move(request), timing,
                                          [this, answered = std::move(answered)](Result<Response> response) {
                                            if (response) {
                                              claim_->heard();
                                            } else if (response.error().code == Errc::unavailable) {
                                              claim_->heard_nothing();
                                            }
                                            answered(std::move(response));
                                          });
}

void DeliveryStep::read_number(const ResourcePath& path, Number then) {
  ask(read(root(), path, claim_->accept()), times_.ordinary, [path, then = std::move(then)](Result<Response> response) {
    if (!response) {
      then(fail(std::move(response).error()));
    } else if (response->status != kContent) {
      then(fail(Errc::not_found, "the device answered " + to_string(response->status)));
    } else {
      then(read_integer({response->content_format, response->payload, path.resource}));
    }
  });
}

void DeliveryStep::read_state(State then) {
  read_number(resource::kState, [this, then = std::move(then)](Result<std::int64_t> number) {
    if (!number) {
      then(fail(std::move(number).error()));
      return;
    }
    if (*number == 0) claim_->learn_numbering(Numbering::standard);
    const auto state = firmware_state(*number, claim_->numbering());
    if (state) {
      then(*state);
    } else {
      then(fail(Errc::malformed, "the device reports a firmware State that has no meaning"));
    }
  });
}

void DeliveryStep::reset_package(State then) { try_reset(0, std::move(then)); }

void DeliveryStep::try_reset(std::size_t attempt, State then) {
  if (attempt == kResets.size()) {
    judge_stuck_state(std::move(then));
    return;
  }
  ask(reset_request(root(), kResets.at(attempt)), times_.ordinary,
      [this, attempt, then = std::move(then)](const Result<Response>& response) {
        if (!response && response.error().code == Errc::unavailable) {
          then(fail(response.error()));
          return;
        }
        read_state([this, attempt, then](Result<FirmwareState> state) {
          const bool over = !state || *state == FirmwareState::idle || *state == FirmwareState::updating;
          if (over) {
            then(std::move(state));
          } else {
            try_reset(attempt + 1, then);
          }
        });
      });
}

// State 1 that nothing can change, with no result: a client that counts from 1 and has been idle all along.
void DeliveryStep::judge_stuck_state(State then) {
  read_number(resource::kState, [this, then = std::move(then)](const Result<std::int64_t>& number) {
    if (!number || *number != 1 || claim_->numbering() == Numbering::legacy) {
      read_state(then);
      return;
    }
    read_number(resource::kUpdateResult, [this, then](const Result<std::int64_t>& result) {
      if (result && *result == 0) claim_->learn_numbering(Numbering::legacy);
      then(result && *result == 0 ? FirmwareState::idle : FirmwareState::downloading);
    });
  });
}

bool DeliveryStep::report(const Progress& progress) {
  bool gone = false;
  gone_ = &gone;
  const auto reports = reports_;
  reports(progress);
  if (!gone) gone_ = nullptr;
  return !gone;
}

void DeliveryStep::finish(const DeliveryReport& report) {
  timer_.cancel();
  exchange_.cancel();
  claim_.reset();
  const auto reports = std::move(reports_);
  reports(report);
}

void DeliveryStep::wait(std::chrono::milliseconds delay, std::function<void()> action) {
  timer_ = loop_.after(delay, std::move(action));
}

}  // namespace homepatch::coap
