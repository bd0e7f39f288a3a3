#include "sim/lwm2m/observers.hpp"

namespace homepatch::sim {

void Observers::consider(const CoapMessage& request, const Peer& from, CoapMessage& response) {
  const auto wish = request.find_number(coap::kObserve);
  if (request.code != coap::kGet || !wish || response.code != coap::kContent) return;
  observations_.remove_if([&](const Observation& o) { return o.peer == from && o.token == request.token; });
  if (*wish != 0 || observations_.size() >= kMax) return;
  observations_.push_back({from, request.token, request.joined(coap::kUriPath), request.find_number(coap::kAccept),
                           response.payload, 0, next_++});
  response.add_number(coap::kObserve, 0);
}

void Observers::notify() {
  constexpr std::uint32_t kSequenceMask = 0xFFFFFF;
  for (auto& observation : observations_) {
    auto message = tree_.read(observation.path, observation.accept);
    if (message.payload == observation.last) continue;
    observation.last = message.payload;
    observation.sequence = (observation.sequence + 1) & kSequenceMask;
    message.token = observation.token;
    message.add_number(coap::kObserve, observation.sequence);
    endpoint_.notify(observation.peer, std::move(message), confirmable_,
                     [this, number = observation.number] { forget(number); });
  }
}

void Observers::forget(std::uint64_t number) {
  observations_.remove_if([&](const Observation& o) { return o.number == number; });
}

}  // namespace homepatch::sim
