#include "protocols/mqtt/dialects/tasmota/delivery.hpp"

#include <algorithm>

#include "protocols/mqtt/dialects/tasmota/inquiry.hpp"
#include "protocols/mqtt/dialects/tasmota/settling.hpp"
#include "protocols/mqtt/dialects/tasmota/transfer.hpp"

namespace homepatch::mqtt::tasmota {

namespace {

// The device installs by itself what it has fetched.
class Installation final : public Conversation {
 public:
  using Conversation::Conversation;

 private:
  void start() override {
    ports_.quiet(job_.device, true);
    finish(Installing{});
  }
  void not_met(DeliveryFailed /*why*/) override {}
};

std::unique_ptr<Conversation> conversation(Ports& ports, const DeliveryLimits& limits, const DeliveryJob& job,
                                           DeliveryReports reports) {
  switch (job.step) {
    case Command::install: return std::make_unique<Installation>(ports, limits, job, std::move(reports));
    case Command::inquire: return std::make_unique<Inquiry>(ports, limits, job, std::move(reports));
    case Command::settle: return std::make_unique<Settling>(ports, limits, job, std::move(reports));
    case Command::none:
    case Command::fetch:  // no steps of a delivery; without an address the transfer refuses
    case Command::transfer: break;
  }
  return std::make_unique<Transfer>(ports, limits, job, std::move(reports));
}

}  // namespace

class TasmotaDelivery::Handle final : public DeliveryHandle {
 public:
  Handle(TasmotaDelivery& delivery, std::unique_ptr<Conversation> conversation)
      : delivery_(delivery), conversation_(std::move(conversation)) {
    delivery_.open_.push_back(conversation_.get());
  }
  ~Handle() override { std::erase(delivery_.open_, conversation_.get()); }

 private:
  TasmotaDelivery& delivery_;
  std::unique_ptr<Conversation> conversation_;
};

std::unique_ptr<DeliveryHandle> TasmotaDelivery::begin(const DeliveryJob& job, DeliveryReports reports) {
  auto begun = conversation(ports_, limits_, job, std::move(reports));
  begun->begin();
  return std::make_unique<Handle>(*this, std::move(begun));
}

void TasmotaDelivery::hear(const Heard& heard) {
  // Nothing is dropped or begun in here: conversations report on a later turn.
  for (Conversation* each : open_) {
    if (each->job().device == heard.device) each->hear(heard.words);
  }
}

}  // namespace homepatch::mqtt::tasmota
