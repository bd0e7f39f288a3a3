#include "protocols/coap/install_step.hpp"

#include <utility>

#include "protocols/coap/resource_value.hpp"

namespace homepatch::coap {

void InstallStep::not_possible(const Error& error) {
  DeliveryFailed failure;
  failure.reason = Reason::offline;
  failure.counts = false;
  failure.text = error.text;
  finish(failure);
}

// Once told, a device that restarts did what it was told. One that only registered anew may have dropped the command
// with its old registration: it is told again, which a device that installs already refuses.
void InstallStep::interrupted(DeliveryFailed failure) {
  if (sent_ && failure.reason == Reason::device_restarted) {
    finish(Installing{});
  } else if (sent_ && claim().registration() != nullptr) {
    run();
  } else {
    finish(std::move(failure));
  }
}

void InstallStep::run() {
  sent_ = true;
  claim().expect_restart();
  ask(execute(root(), resource::kUpdate), times_.ordinary,
      [this](const Result<Response>& response) { take(response); });
}

void InstallStep::take(const Result<Response>& response) {
  if (response && is_success(response->status)) {
    finish(Installing{});
  } else if (!response && response.error().code == Errc::unavailable) {
    finish(Installing{});  // it may have restarted before it answered
  } else if (!response) {
    refused(response.error().text, true);
  } else {
    judge_refusal("the device answered " + to_string(response->status));
  }
}

// 4.05 comes in every state but Downloaded: from a device that installs already, that has installed, or that lost the
// package.
void InstallStep::judge_refusal(const std::string& refusal) {
  read_state([this, refusal](const Result<FirmwareState>& state) {
    if (state && *state == FirmwareState::updating) {
      finish(Installing{});
    } else if (state && *state == FirmwareState::idle) {
      look_for_success(refusal);
    } else {
      refused(refusal, true);
    }
  });
}

void InstallStep::look_for_success(const std::string& refusal) {
  read_number(resource::kUpdateResult, [this, refusal](const Result<std::int64_t>& number) {
    const auto result = number ? install_result(*number) : std::nullopt;
    if (result && result->kind == InstallResult::Kind::success) {
      done_already();
    } else if (result) {
      refused(result->text, result->may_retry);
    } else if (job_.resumed) {
      compare_version(refusal);
    } else {
      refused(refusal + ": it no longer holds the package", true);
    }
  });
}

// The daemon died in this step: the device may have installed meanwhile and forgotten its result.
void InstallStep::compare_version(const std::string& refusal) {
  ask(read(root(), resource::kFirmwareVersion, claim().accept()), times_.ordinary,
      [this, refusal](const Result<Response>& response) {
        const auto version =
            response && response->status == kContent
                ? read_text({response->content_format, response->payload, resource::kFirmwareVersion.resource})
                : Result<std::string>(std::string());
        if (version && *version == job_.to_version) {
          done_already();
        } else {
          refused(refusal + ": it no longer holds the package", true);
        }
      });
}

// The evidence is announced by being asked for again.
void InstallStep::done_already() {
  claim().inquire_afterwards();
  finish(Installing{});
}

void InstallStep::refused(std::string text, bool may_retry) {
  DeliveryFailed failure;
  failure.reason = Reason::install_refused;
  failure.may_retry = may_retry;
  failure.text = std::move(text);
  finish(failure);
}

}  // namespace homepatch::coap
