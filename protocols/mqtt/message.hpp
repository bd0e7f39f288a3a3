// One MQTT message as it came, topic and payload unchecked: everything in it is foreign.
#pragma once

#include <string>

namespace homepatch::mqtt {

struct Message {
  std::string topic;
  std::string payload;
  bool retained = false;  // replayed by the broker from its store: no sign of life
};

}  // namespace homepatch::mqtt
