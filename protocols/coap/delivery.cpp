#include "protocols/coap/delivery.hpp"

#include "protocols/coap/install_step.hpp"
#include "protocols/coap/settle_step.hpp"
#include "protocols/coap/transfer_step.hpp"

namespace homepatch::coap {

namespace {

// "inquire" has no report but that the device sleeps and is asked later: its answer is an announcement.
class Inquiry final : public DeliveryHandle {
 public:
  Inquiry(Loop& loop, Lwm2mServer& server, DeviceId device, DeliveryReports reports)
      : timer_(loop.after(std::chrono::milliseconds::zero(),
                          [&server, device = std::move(device), reports = std::move(reports)] {
                            server.inquire(device);
                            const auto until = server.asleep_until(device);
                            if (!until) return;
                            DeliveryFailed failure;
                            failure.reason = Reason::asleep;
                            failure.counts = false;
                            failure.not_before = until;
                            reports(failure);
                          })) {}

 private:
  Timer timer_;
};

}  // namespace

Lwm2mDelivery::Lwm2mDelivery(Loop& loop, Lwm2mServer& server, DeliveryTimes times)
    : loop_(loop), server_(server), times_(times) {}

std::unique_ptr<DeliveryHandle> Lwm2mDelivery::begin(const DeliveryJob& job, DeliveryReports reports) {
  switch (job.step) {
    case Command::transfer: return std::make_unique<TransferStep>(loop_, server_, job, times_, std::move(reports));
    case Command::install: return std::make_unique<InstallStep>(loop_, server_, job, times_, std::move(reports));
    case Command::inquire: return std::make_unique<Inquiry>(loop_, server_, job.device, std::move(reports));
    case Command::settle:
    case Command::fetch:
    case Command::none: break;
  }
  return std::make_unique<SettleStep>(loop_, server_, job, times_, std::move(reports));
}

}  // namespace homepatch::coap
