#include "protocols/coap/settle_step.hpp"

namespace homepatch::coap {

void SettleStep::run() {
  read_state([this](const Result<FirmwareState>& state) {
    const bool holds = state && (*state == FirmwareState::downloading || *state == FirmwareState::downloaded);
    if (holds) {
      reset_package([this](const Result<FirmwareState>&) { finish(Settled{}); });
    } else {
      finish(Settled{});
    }
  });
}

}  // namespace homepatch::coap
