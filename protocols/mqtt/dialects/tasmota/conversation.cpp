#include "protocols/mqtt/dialects/tasmota/conversation.hpp"

#include <fmt/format.h>

#include <utility>

namespace homepatch::mqtt::tasmota {

namespace {

constexpr unsigned kTries = 2;

}  // namespace

Conversation::Conversation(Ports& ports, const DeliveryLimits& limits, DeliveryJob job, DeliveryReports reports)
    : ports_(ports), limits_(limits), job_(std::move(job)), reports_(std::move(reports)) {}

void Conversation::begin() {
  wait(Duration::zero(), [this] { start(); });
}

void Conversation::hear(const std::optional<Words>& words) {
  if (done_) return;
  if (!words) {
    if (waits_for_introduction_) introduced();
    return;
  }
  if (question_) {
    // The answer may replace the question that it belongs to.
    const Answer answer = question_->answer;
    if (answer(*words)) return;
  }
  overheard(*words);
}

void Conversation::meet(bool ask_anyway, std::function<void()> met) {
  ask_anyway_ = ask_anyway;
  met_ = std::move(met);
  introduced();
}

void Conversation::introduced() {
  const auto contact = ports_.contact(job_.device);
  waits_for_introduction_ = !contact;
  if (!contact) {
    wait(limits_.introduction, [this] {
      waits_for_introduction_ = false;
      not_met({Reason::transfer_failed, true, false, "the device has not been announced on the MQTT broker"});
    });
  } else if (contact->confirmed && !ask_anyway_) {
    met_();
  } else {
    ask(
        "Status", "5", kTries, [this](const Words& words) { return is_the_one(words); }, [this] { unanswered(); });
  }
}

void Conversation::unanswered() {
  const auto contact = ports_.contact(job_.device);
  known_before_ = said_ && contact && was_checked_on(*contact);
  if (known_before_) return met_();
  not_met(silence_failure("Status 5"));
}

// A helper image may not know the question. Before, the device said on these very topics who it is.
bool Conversation::was_checked_on(const Contact& contact) const {
  const auto checked = job_.facts.find(kCheckedTopics);
  return job_.intermediate && checked != job_.facts.end() && checked->second == contact.topics;
}

bool Conversation::is_the_one(const Words& words) {
  const auto* network = std::get_if<NetworkWords>(&words);
  if (network == nullptr || !network->mac) return false;
  stop_asking();
  if (*network->mac == job_.device) {
    met_();
  } else {
    not_met({Reason::identity_mismatch, false, true,
             fmt::format("{} answers on the topic of {}", network->mac->to_string(), job_.device.to_string())});
  }
  return true;
}

void Conversation::ask(std::string command, std::string payload, unsigned times, Answer answer,
                       std::function<void()> silence) {
  question_ = Question{std::move(command), std::move(payload), times, std::move(answer), std::move(silence)};
  put_question();
}

void Conversation::put_question() {
  if (question_->times == 0) {
    const auto silence = std::move(question_->silence);
    stop_asking();
    return silence();
  }
  --question_->times;
  // A refusal of the broker is waited out like a silence.
  said_ = say(question_->command, question_->payload).has_value();
  wait(limits_.answer, [this] { put_question(); });
}

void Conversation::stop_asking() {
  question_.reset();
  timer_.cancel();
}

Status Conversation::say(const std::string& command, const std::string& payload) {
  const auto contact = ports_.contact(job_.device);
  // Before the device there has said who it is, only the question for that may reach it.
  const bool known = contact && (contact->confirmed || (known_before_ && was_checked_on(*contact)));
  if (!contact || (!known && command != "Status")) {
    return fail(Errc::unavailable, "the device is not known under its topic any more");
  }
  return ports_.publish(contact->command + command, payload);
}

void Conversation::wait(Duration limit, std::function<void()> then) {
  timer_ = ports_.loop.after(limit, std::move(then));
}

void Conversation::finish(DeliveryReport report) {
  done_ = true;
  question_.reset();
  wait(Duration::zero(), [this, last = std::move(report)] {
    // The receiver may drop this conversation.
    const auto reports = reports_;
    reports(last);
  });
}

DeliveryFailed Conversation::silence_failure(std::string_view asked) const {
  if (!said_) return {Reason::transfer_failed, true, false, "the MQTT broker was not connected"};
  return {Reason::transfer_failed, true, true, fmt::format("the device did not answer {}", asked)};
}

}  // namespace homepatch::mqtt::tasmota
