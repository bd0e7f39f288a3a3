#include "sim/lwm2m/block_receiver.hpp"

#include <algorithm>

#include "sim/lwm2m/object_tree.hpp"

namespace homepatch::sim {

bool BlockReceiver::begins(const CoapMessage& request) {
  const auto block = find_block(request, coap::kBlock1);
  return block && (!*block || (*block)->number == 0);
}

BlockReceiver::Verdict BlockReceiver::take(const CoapMessage& request) {
  const auto option = find_block(request, coap::kBlock1);
  if (!option) return {only_code(coap::kBadOption)};
  const auto block = option->value_or(CoapBlock{});
  if (auto refused = refuse_size(request, block)) return std::move(*refused);
  if (block.number == 0) {
    active_ = true;
    token_ = request.token;
    received_ = 0;
    announced_ = request.find_number(coap::kSize1).value_or(0);
  } else if (auto refused = refuse_order(request, block)) {
    return std::move(*refused);
  }
  received_ += request.payload.size();
  sink_(request.payload);
  active_ = block.more;
  auto response = *option ? progress(block) : only_code(coap::kChanged);
  return {std::move(response), true, !block.more};
}

// 4.13 in its two dialects: Zephyr says only that it is too much, wakaama says how much would not be.
std::optional<BlockReceiver::Verdict> BlockReceiver::refuse_size(const CoapMessage& request,
                                                                 const CoapBlock& block) const {
  const std::size_t limit = std::size_t{16} << szx_;
  if (block.more && request.payload.size() != block.size()) return Verdict{only_code(coap::kBadRequest)};
  if (request.payload.size() <= limit || kind_ == Lwm2mKind::anjay) return std::nullopt;
  auto response = only_code(coap::kTooLarge);
  if (kind_ == Lwm2mKind::wakaama) add_block(response, coap::kBlock1, {block.number, block.more, szx_});
  return Verdict{std::move(response)};
}

std::optional<BlockReceiver::Verdict> BlockReceiver::refuse_order(const CoapMessage& request, const CoapBlock& block) {
  const bool bound_to_token = kind_ == Lwm2mKind::zephyr;
  if (bound_to_token && (!active_ || request.token != token_)) return Verdict{only_code(coap::kNotFound)};
  if (active_ && block.offset() == received_) return std::nullopt;
  const bool repeated = active_ && block.offset() + request.payload.size() == received_;
  if (repeated && !bound_to_token) return Verdict{progress(block)};
  active_ = false;
  return Verdict{only_code(coap::kIncomplete)};
}

CoapMessage BlockReceiver::progress(const CoapBlock& block) const {
  auto response = only_code(block.more ? coap::kContinue : coap::kChanged);
  add_block(response, coap::kBlock1, {block.number, block.more, std::min(block.szx, szx_)});
  return response;
}

}  // namespace homepatch::sim
