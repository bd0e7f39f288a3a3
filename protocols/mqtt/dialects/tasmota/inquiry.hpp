// Asks a Tasmota device for its version. The answer is an announcement like any other; silence is reported by nobody:
// whoever wanted to know has a limit of his own, and minimal images know no Status.
#pragma once

#include "protocols/mqtt/dialects/tasmota/conversation.hpp"

namespace homepatch::mqtt::tasmota {

class Inquiry final : public Conversation {
 public:
  using Conversation::Conversation;

 private:
  void start() override;
  void not_met(DeliveryFailed why) override;
  void again();
};

}  // namespace homepatch::mqtt::tasmota
