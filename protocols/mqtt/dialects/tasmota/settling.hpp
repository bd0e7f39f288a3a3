// Puts back what an update changed on a Tasmota device: its OtaUrl, when it is still ours. Ends settled
// within DeliveryLimits::settle of a broker that is there: a device that is gone must not hold the update open for
// ever.
#pragma once

#include "protocols/mqtt/dialects/tasmota/conversation.hpp"

namespace homepatch::mqtt::tasmota {

class Settling final : public Conversation {
 public:
  using Conversation::Conversation;

 private:
  void start() override;
  void not_met(DeliveryFailed why) override { left_as_it_is(why.text); }

  void read_url();
  bool on_url(const Words& words);
  void put_back();
  void left_as_it_is(const std::string& why);
  void settled();

  Timer deadline_;
};

}  // namespace homepatch::mqtt::tasmota
