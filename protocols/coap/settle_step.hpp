// The step "settle" for an LwM2M device: nothing of it was changed but its package state; a package that it still holds
// from an update that went no further is taken off it. Whatever happens, it is settled.
#pragma once

#include "protocols/coap/delivery_step.hpp"

namespace homepatch::coap {

class SettleStep final : public DeliveryStep {
 public:
  using DeliveryStep::DeliveryStep;

 private:
  void run() override;
  void not_possible(const Error&) override { finish(Settled{}); }
  void interrupted(DeliveryFailed) override { finish(Settled{}); }
  void asleep() override { finish(Settled{}); }
};

}  // namespace homepatch::coap
