#include "protocols/coap/reassembly.hpp"

#include <algorithm>

namespace homepatch::coap {

namespace {

Answer too_large() {
  auto out = refuse(kTooLarge, "at most 64 KiB are taken");
  out.size1 = static_cast<std::uint32_t>(Reassembly::kMaxBody);
  return out;
}

Answer busy() {
  auto out = refuse(kServiceUnavailable, "too many requests in blocks at once");
  out.max_age = 30;
  return out;
}

Answer go_on(const Block& block) {
  Answer out;
  out.status = kContinue;
  out.block1 = block;
  return out;
}

std::string name_of(const Incoming& request) {
  std::string out;
  for (const auto& segment : request.path) out += '/' + segment;
  return out + '\0' + request.request_tag;
}

}  // namespace

Reassembly::Outcome Reassembly::take(const Incoming& request, std::chrono::milliseconds now) {
  const Block block = request.block1.value_or(Block{});
  if (block.number == 0 && !block.more) return request.payload;
  if (request.payload.size() > block.size() || (block.more && request.payload.size() != block.size())) {
    return refuse(kBadRequest, "a block of the wrong size");
  }
  if (request.size1.value_or(0) > kMaxBody || block.offset() + request.payload.size() > kMaxBody) return too_large();

  forget_old(now);
  const Key key{request.route.remote, name_of(request)};
  if (block.number == 0) {
    if (const auto old = bodies_.find(key); old != bodies_.end()) {
      held_ -= old->second.payload.size();
      bodies_.erase(old);
    }
    if (!has_room_for(request)) return busy();
    bodies_[key];
  }
  const auto found = bodies_.find(key);
  if (found == bodies_.end()) return refuse(kIncomplete, "the blocks before this one are missing");
  Body& body = found->second;
  body.touched = now;
  if (block.more && block.offset() + block.size() == body.payload.size()) return go_on(block);
  if (block.offset() != body.payload.size()) return refuse(kIncomplete, "the blocks before this one are missing");
  if (held_ + request.payload.size() > kMaxHeld) return busy();
  body.payload += request.payload;
  held_ += request.payload.size();
  if (block.more) return go_on(block);
  std::string whole = std::move(body.payload);
  held_ -= whole.size();
  bodies_.erase(found);
  return whole;
}

void Reassembly::forget_old(std::chrono::milliseconds now) {
  for (auto it = bodies_.begin(); it != bodies_.end();) {
    if (now - it->second.touched <= kMaxAge) {
      ++it;
      continue;
    }
    held_ -= it->second.payload.size();
    it = bodies_.erase(it);
  }
}

bool Reassembly::has_room_for(const Incoming& request) const {
  const auto from_same = std::ranges::count_if(bodies_, [&request](const auto& entry) {
    return entry.first.first.with_port(0) == request.route.remote.with_port(0);
  });
  return bodies_.size() < kMaxBodies && static_cast<std::size_t>(from_same) < kMaxBodiesPerAddress;
}

}  // namespace homepatch::coap
