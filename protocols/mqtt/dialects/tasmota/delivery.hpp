// Updates of Tasmota devices: the Delivery port's implementation for Family::tasmota. The household feeds it with what
// devices say. Each step is a conversation of its own; their state dies with the daemon, and each can be begun anew.
#pragma once

#include <memory>
#include <vector>

#include "core/delivery.hpp"
#include "protocols/mqtt/dialects/tasmota/conversation.hpp"

namespace homepatch::mqtt::tasmota {

class TasmotaDelivery final : public Delivery {
 public:
  explicit TasmotaDelivery(Ports ports, DeliveryLimits limits = {}) : ports_(std::move(ports)), limits_(limits) {}
  TasmotaDelivery(const TasmotaDelivery&) = delete;
  TasmotaDelivery& operator=(const TasmotaDelivery&) = delete;

  // The handle must not outlive this object.
  [[nodiscard]] std::unique_ptr<DeliveryHandle> begin(const DeliveryJob& job, DeliveryReports reports) override;
  [[nodiscard]] bool listens() const override { return ports_.listens(); }

  void hear(const Heard& heard);

 private:
  class Handle;

  Ports ports_;
  const DeliveryLimits limits_;
  std::vector<Conversation*> open_;  // few: as many as updates run at once
};

}  // namespace homepatch::mqtt::tasmota
