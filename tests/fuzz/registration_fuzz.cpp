// A conversation with the registration interface: requests cut out of the input, one after the other, in passing time.
#include <cstdlib>

#include "protocols/coap/registry.hpp"

namespace {

using namespace homepatch::coap;

class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}
  [[nodiscard]] bool over() const { return rest_.empty(); }
  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    const auto out = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return out;
  }
  std::string text() {
    const auto size = std::min<std::size_t>(byte(), rest_.size());
    std::string out(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return out;
  }

 private:
  std::string_view rest_;
};

Incoming next_request(Input& input, const std::string& known_id) {
  Incoming out;
  const auto kind = input.byte();
  out.route.remote = Address::make("192.168.1." + std::to_string(1 + kind % 4), 5683).value();
  out.confirmable = (kind & 0x40U) == 0;
  out.method = (kind & 0x80U) == 0 ? kPost : kDelete;
  out.message_id = input.byte();
  out.path = {"rd"};
  if ((kind & 0x10U) != 0) out.path.push_back((kind & 0x20U) != 0 ? known_id : input.text());
  for (unsigned i = input.byte() % 5U; i > 0; --i) out.query.push_back(input.text());
  const auto block = input.byte();
  if ((block & 0x80U) != 0) out.block1 = Block::decode(block & 0x7FU);
  if ((block & 0x40U) != 0) out.content_format = kLinkFormat;
  out.payload = input.text();
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  Registry registry;
  std::chrono::milliseconds now{0};
  std::string known_id;
  while (!input.over()) {
    now += std::chrono::seconds(input.byte());
    const auto outcome = registry.handle(next_request(input, known_id), now);
    if (outcome.answer.status == 0) std::abort();
    if (outcome.answer.location.size() == 2) known_id = outcome.answer.location[1];
    if (outcome.change && outcome.change->kind != Registry::Change::Kind::deregistered &&
        registry.find(outcome.change->device) == nullptr) {
      std::abort();
    }
    registry.expire(now);
    if (registry.size() > 4 * Registry::kMaxPerAddress) std::abort();
  }
  return 0;
}
