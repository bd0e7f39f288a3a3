// The step "install" for an LwM2M device: executes /5/0/2. Devices restart at once or later, and some do not get round
// to answering; the proof of the new image comes with their next registration.
#pragma once

#include "protocols/coap/delivery_step.hpp"

namespace homepatch::coap {

class InstallStep final : public DeliveryStep {
 public:
  using DeliveryStep::DeliveryStep;

 private:
  void run() override;
  void not_possible(const Error& error) override;
  void interrupted(DeliveryFailed failure) override;

  void take(const Result<Response>& response);
  void judge_refusal(const std::string& refusal);
  void look_for_success(const std::string& refusal);
  void compare_version(const std::string& refusal);
  void refused(std::string text, bool may_retry);
  void done_already();

  bool sent_ = false;
};

}  // namespace homepatch::coap
