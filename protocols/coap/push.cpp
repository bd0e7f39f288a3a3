#include "protocols/coap/push.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"

namespace homepatch::coap {

using Kind = Push::Judgement::Kind;

Push::Piece Push::piece() const {
  Piece out;
  out.block.exponent = exponent_;
  out.block.number = static_cast<std::uint32_t>(done_ >> (exponent_ + 4U));
  out.offset = done_;
  out.size = static_cast<std::size_t>(std::min<std::uint64_t>(out.block.size(), size_ - done_));
  out.block.more = done_ + out.size < size_;
  return out;
}

Push::Judgement Push::take(const Response& response) {
  switch (response.status) {
    case kContinue: return is_last() ? Judgement{Kind::doubtful} : advance(response);
    case kChanged:
    case kCreated: return is_last() ? Judgement{Kind::whole} : advance(response);
    case kTooLarge: return shrink(response);
    case kIncomplete:
    case kNotFound: return is_last() && done_ > 0 ? Judgement{Kind::doubtful} : lost_blocks(response);
    case kServiceUnavailable:
    case kTooManyRequests: return busy(response);
    case kUnsupportedFormat:
      if (!names_format_) return refuse(response, false);
      names_format_ = false;
      done_ = 0;
      return {};
    default: return refuse(response, true);
  }
}

// The device took the whole block; from here on it may want smaller ones (RFC 7959 section 2.3). What is done is then a
// multiple of the smaller size too.
Push::Judgement Push::advance(const Response& response) {
  waits_ = 0;
  done_ += piece().size;
  if (response.block1 && response.block1->exponent < exponent_) exponent_ = response.block1->exponent;
  if (done_ >> (exponent_ + 4U) > Block::kMaxNumber) {
    return {Kind::refused, {}, "the image has too many blocks of the size that the device wants", false};
  }
  return {};
}

// 4.13 with a smaller block size asks for that size; without one it may mean the same (Zephyr) when it answers the
// first block, and otherwise that the device has run out of space.
Push::Judgement Push::shrink(const Response& response) {
  if (response.block1 && response.block1->exponent < exponent_) {
    exponent_ = response.block1->exponent;
  } else if (done_ == 0 && exponent_ > 0 && response.size1.value_or(0xFFFFFFFF) >= size_) {
    --exponent_;
  } else {
    return refuse(response, false);
  }
  done_ = 0;
  return {};
}

bool Push::shrink_after_silence() {
  if (done_ != 0 || exponent_ <= kSmallestTried) return false;
  exponent_ = std::max<std::uint8_t>(kSmallestTried, static_cast<std::uint8_t>(exponent_ - 2U));
  return true;
}

Push::Judgement Push::lost_blocks(const Response& response) { return restart() ? Judgement{} : refuse(response, true); }

bool Push::restart() {
  if (restarts_ >= kMaxRestarts) return false;
  ++restarts_;
  done_ = 0;
  return true;
}

Push::Judgement Push::busy(const Response& response) {
  if (++waits_ > kMaxWaits) return refuse(response, true);
  const std::chrono::seconds asked(response.max_age.value_or(static_cast<std::uint32_t>(kWait.count())));
  return {Kind::wait, std::clamp<std::chrono::milliseconds>(asked, std::chrono::seconds(1), kLongestWait), {}, true};
}

Push::Judgement Push::refuse(const Response& response, bool may_retry) const {
  auto why = fmt::format("the device answered {} at byte {} of {}", to_string(response.status), done_, size_);
  if (!response.payload.empty()) why += ": " + printable(response.payload, 100);
  return {Kind::refused, {}, std::move(why), may_retry};
}

}  // namespace homepatch::coap
