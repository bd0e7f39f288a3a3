// The Tasmota dialect against a stranger on the broker, line by line "[!]<topic> <payload>" ('!': retained). Whatever
// is said, only harmless questions are sent, no wildcard leaves, and every text is fit to be stored.
#include <algorithm>
#include <cstdlib>

#include "base/text.hpp"
#include "protocols/mqtt/dialects/tasmota/dialect.hpp"

namespace {

using namespace homepatch;
using namespace homepatch::mqtt;
using namespace homepatch::mqtt::tasmota;

void require(bool holds) {
  if (!holds) std::abort();
}

bool fits(const std::optional<std::string>& text) { return !text || is_plain_text(*text, Announcement::kMaxText); }

void check(const Announcement& said) {
  require(fits(said.name) && fits(said.manufacturer) && fits(said.model) && fits(said.hardware) && fits(said.version));
  require(fits(said.address) && said.facts.size() <= Announcement::kMaxFacts);
  require(!said.result || fits(said.result->text));
  for (const auto& [name, value] : said.facts) require(is_plain_text(value, Announcement::kMaxFact));
}

void check(const std::vector<std::string>& filters) {
  for (const auto& filter : filters) {
    require(is_plain_text(filter, kMaxTopic + 16) && filter.find_first_of("+#") == std::string::npos);
  }
}

void check(const Publish& sent) {
  require(sent.topic.find_first_of("+#") == std::string::npos && sent.topic.ends_with("/Status"));
  require(!sent.topic.starts_with('$') && !sent.topic.starts_with("homeassistant/"));
  require(sent.payload == "5" || sent.payload == "2");
}

class Home {
 public:
  void hear(std::string_view topic, std::string_view payload, bool retained) {
    now_.ticks += Duration(5000);
    now_.wall += Duration(5000);
    check_all(dialect_.on_message({std::string(topic), std::string(payload), retained}, now_));
    check_all(dialect_.on_time(now_));
    require(dialect_.devices() <= kDevices);
  }

 private:
  static constexpr std::size_t kDevices = 3;

  static void check_all(const Effects& effects) {
    for (const auto& effect : effects) {
      if (const auto* said = std::get_if<Announcement>(&effect)) check(*said);
      if (const auto* wanted = std::get_if<Subscribe>(&effect)) check(wanted->filters);
      if (const auto* unwanted = std::get_if<Unsubscribe>(&effect)) check(unwanted->filters);
      if (const auto* remark = std::get_if<Remark>(&effect)) require(is_utf8(remark->text));
      if (const auto* sent = std::get_if<Publish>(&effect)) check(*sent);
    }
  }

  Dialect dialect_{kDevices};
  Now now_{};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  Home home;
  while (!rest.empty()) {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    const auto space = line.find(' ');
    if (space == std::string_view::npos) continue;
    const auto topic = line.substr(0, space);
    const bool retained = topic.starts_with('!');
    home.hear(topic.substr(retained ? 1 : 0), line.substr(space + 1), retained);
  }
  return 0;
}
