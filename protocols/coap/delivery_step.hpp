// What the steps of a delivery to an LwM2M device have in common: the device is claimed, awake, and asked one thing at
// a time; the step ends with one final report. Dropping it stops before the next request.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "core/delivery.hpp"
#include "protocols/coap/lwm2m_request.hpp"
#include "protocols/coap/lwm2m_server.hpp"

namespace homepatch::coap {

struct DeliveryTimes {
  Timing ordinary;
  // Before it takes the first block a device may erase flash for many seconds; some take a repeated one for new data.
  Timing first_block{std::chrono::seconds(15), 2};
  std::chrono::milliseconds poll{std::chrono::seconds(10)};   // of State, where the device does not notify it
  std::chrono::milliseconds verify{std::chrono::minutes(8)};  // from the last block until State says downloaded
  std::chrono::milliseconds progress_each{std::chrono::milliseconds(200)};  // at most one report in this time
};

class DeliveryStep : public DeliveryHandle {
 public:
  DeliveryStep(Loop& loop, Lwm2mServer& server, DeliveryJob job, const DeliveryTimes& times, DeliveryReports reports);
  DeliveryStep(const DeliveryStep&) = delete;
  DeliveryStep& operator=(const DeliveryStep&) = delete;
  ~DeliveryStep() override;

 protected:
  // The device is claimed and awake.
  virtual void run() = 0;
  // It cannot be claimed: it is not registered, or another step holds it.
  virtual void not_possible(const Error& error) = 0;
  virtual void interrupted(DeliveryFailed failure) { finish(std::move(failure)); }
  // It sleeps, and nothing was sent to it.
  virtual void asleep();
  virtual void state_told(std::int64_t) {}

  using Answered = std::function<void(Result<Response>)>;
  using Number = std::function<void(Result<std::int64_t>)>;
  using State = std::function<void(Result<FirmwareState>)>;

  // One request; a later one cancels it. The callbacks may end the step.
  void ask(Request request, const Timing& timing, Answered answered);
  void read_number(const ResourcePath& path, Number then);
  // malformed for a number that is no state.
  void read_state(State then);
  // Makes the device let go of a package that it holds, as far as it can; gives the State afterwards.
  void reset_package(State then);

  // False when the report led to the step's end: nothing of it may be touched then.
  [[nodiscard]] bool report(const Progress& progress);
  // Ends the step: nothing of it may be touched after this call.
  void finish(const DeliveryReport& report);
  // Calls `action` later unless the step ends before.
  void wait(std::chrono::milliseconds delay, std::function<void()> action);

  [[nodiscard]] const Segments& root() const { return claim_->registration()->tree.root; }
  [[nodiscard]] Claim& claim() { return *claim_; }

  Loop& loop_;
  const DeliveryJob job_;
  const DeliveryTimes times_;

 private:
  void start();
  void try_reset(std::size_t attempt, State then);
  void judge_stuck_state(State then);

  Lwm2mServer& server_;
  DeliveryReports reports_;
  std::unique_ptr<Claim> claim_;
  Exchange exchange_;
  Timer timer_;
  bool* gone_ = nullptr;  // set when the step ends while it reports
};

}  // namespace homepatch::coap
