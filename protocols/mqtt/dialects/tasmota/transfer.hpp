// Makes a Tasmota device fetch its image from the gateway: OtaUrl, then Upgrade 1, then nothing but listening, because
// a device that is asked anything while it flashes fails (arendst/Tasmota #21807). How far the download is, and that it
// is complete, the artifact server sees; only what the device says is reported from here.
#pragma once

#include "protocols/mqtt/dialects/tasmota/conversation.hpp"

namespace homepatch::mqtt::tasmota {

class Transfer final : public Conversation {
 public:
  using Conversation::Conversation;

 private:
  void start() override;
  void overheard(const Words& words) override;
  void not_met(DeliveryFailed why) override { failed(std::move(why)); }

  void read_url();
  void give_url();
  void start_upgrade();
  void listen();
  bool on_start_answer(const Words& words);
  void on_upgrade_words(const UpgradeWords& words);
  void refused(std::string text, bool may_retry = true);
  void failed(DeliveryFailed why);

  std::string url_before_;
  bool listening_ = false;
};

}  // namespace homepatch::mqtt::tasmota
