// The step "transfer" for an LwM2M device: resets its package state, writes the image to /5/0/0 block by block and
// waits until its State says that it holds the whole package. push.hpp decides, this sends and reads.
#pragma once

#include "protocols/coap/delivery_step.hpp"
#include "protocols/coap/push.hpp"

namespace homepatch::coap {

class TransferStep final : public DeliveryStep {
 public:
  TransferStep(Loop& loop, Lwm2mServer& server, DeliveryJob job, const DeliveryTimes& times, DeliveryReports reports);

 private:
  void run() override;
  void not_possible(const Error& error) override;
  void state_told(std::int64_t state) override;

  void prepare(FirmwareState state);
  void send_piece();
  void take(Result<Response> response);
  void take_silence(const Error& error);
  [[nodiscard]] bool report_progress();
  void settle_doubt();
  void explain_refusal(const Push::Judgement& judgement);
  void verify();
  void check();
  void judge(FirmwareState state);
  void judge_idle();
  void fail_with(Reason reason, bool may_retry, std::string text);
  void fail_with(const Error& error);

  Push push_;
  std::string token_ = Exchanges::fresh_token();  // one for the whole transfer: old clients know it by its token
  std::chrono::milliseconds last_progress_{0};
  std::chrono::milliseconds verify_until_{0};
  bool verifying_ = false;
  bool checking_ = false;
};

}  // namespace homepatch::coap
