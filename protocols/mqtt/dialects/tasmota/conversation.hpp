// One step of an update, spoken with one Tasmota device: asks, waits for the answer, asks again, gives up. The delivery
// feeds it with what the device says; it reports at its end. Dropping it ends it; what the device was told stays told.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/loop.hpp"
#include "base/result.hpp"
#include "core/delivery.hpp"
#include "protocols/mqtt/dialects/tasmota/dialect.hpp"

namespace homepatch::mqtt::tasmota {

// How long to wait. Settable because demos and tests have no time.
struct DeliveryLimits {
  Duration introduction = std::chrono::seconds(60);         // for the retained announcement, after the daemon's start
  Duration reunion = std::chrono::seconds(60);              // for devices to find back to a broker that was away
  Duration answer = std::chrono::seconds(10);               // to one question
  Duration quiet_after_restart = std::chrono::seconds(60);  // for a device that may be in the middle of a download
  Duration settle = std::chrono::seconds(30);               // for all of settling
};

// What a conversation does to the world.
struct Ports {
  Loop& loop;
  std::function<std::optional<Contact>(const DeviceId&)> contact;
  std::function<void(const DeviceId&, bool on)> quiet;
  std::function<Status(const std::string& topic, const std::string& payload)> publish;
  std::function<void(const Announcement&)> announce;
  std::function<void(const std::string&)> remark;
  std::function<bool()> listens;  // as in Delivery
};

class Conversation {
 public:
  Conversation(Ports& ports, const DeliveryLimits& limits, DeliveryJob job, DeliveryReports reports);
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;
  virtual ~Conversation() = default;

  // The first turn comes later than this call.
  void begin();
  // The device's live words; none: it was introduced, or its topics changed.
  void hear(const std::optional<Words>& words);

  [[nodiscard]] const DeliveryJob& job() const { return job_; }

 protected:
  // True when the words are the answer: whoever says so has gone on already.
  using Answer = std::function<bool(const Words&)>;

  virtual void start() = 0;
  // Words that answer no open question.
  virtual void overheard(const Words& /*words*/) {}
  // The device cannot be spoken to: not announced, silent, or another one.
  virtual void not_met(DeliveryFailed why) = 0;

  // Waits until the device is known and goes on with `met` once it has said that it is the one: now, when
  // `ask_anyway`, else at any time on its present topics.
  void meet(bool ask_anyway, std::function<void()> met);

  // Sends the command up to `times` times, DeliveryLimits::answer apart, then `silence`.
  void ask(std::string command, std::string payload, unsigned times, Answer answer, std::function<void()> silence);
  void stop_asking();

  // Waits, then goes on. One wait or question at a time.
  void wait(Duration limit, std::function<void()> then);

  // On a later turn, and the last thing that this conversation does.
  void finish(DeliveryReport report);

  // Nobody answered. Not the device's failure when the broker was not there to carry the question (I11).
  [[nodiscard]] DeliveryFailed silence_failure(std::string_view asked) const;

  Ports& ports_;
  const DeliveryLimits& limits_;
  DeliveryJob job_;

 private:
  struct Question {
    std::string command;
    std::string payload;
    unsigned times;
    Answer answer;
    std::function<void()> silence;
  };

  void put_question();
  void introduced();
  void unanswered();
  [[nodiscard]] bool was_checked_on(const Contact& contact) const;
  bool is_the_one(const Words& words);
  Status say(const std::string& command, const std::string& payload);

  DeliveryReports reports_;
  std::optional<Question> question_;
  std::function<void()> met_;
  bool ask_anyway_ = false;
  bool waits_for_introduction_ = false;
  bool done_ = false;
  bool said_ = false;          // the last question left the house
  bool known_before_ = false;  // it did not say again who it is, and need not
  Timer timer_;
};

}  // namespace homepatch::mqtt::tasmota
