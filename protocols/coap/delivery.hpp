// How an update reaches an LwM2M device: core's delivery port for Family::lwm2m, by pushing. The updater (daemon/act)
// feeds it jobs; lwm2m_server holds the devices. Each step may be run again after a crash: a transfer begins with the
// first block, an installation that is under way is recognised.
#pragma once

#include "core/delivery.hpp"
#include "protocols/coap/delivery_step.hpp"
#include "protocols/coap/lwm2m_server.hpp"

namespace homepatch::coap {

class Lwm2mDelivery final : public Delivery {
 public:
  // Both must outlive it and its handles.
  Lwm2mDelivery(Loop& loop, Lwm2mServer& server, DeliveryTimes times = {});

  [[nodiscard]] std::unique_ptr<DeliveryHandle> begin(const DeliveryJob& job, DeliveryReports reports) override;

 private:
  Loop& loop_;
  Lwm2mServer& server_;
  DeliveryTimes times_;
};

}  // namespace homepatch::coap
