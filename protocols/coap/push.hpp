// One image on its way to a device in blocks (Block1, RFC 7959 section 2.5): which block is next, and what each answer
// means. Pure: answers in, blocks out; transfer.cpp reads the bytes and sends them. It starts anew after a crash.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "protocols/coap/message.hpp"

namespace homepatch::coap {

class Push {
 public:
  static constexpr unsigned kMaxRestarts = 2;        // after lost blocks; a smaller block size does not count
  static constexpr std::uint8_t kSmallestTried = 2;  // 64 bytes, after silence
  static constexpr unsigned kMaxWaits = 30;          // in a row, for a device that says it is busy
  static constexpr std::chrono::seconds kWait{5};    // when it does not say how long
  static constexpr std::chrono::seconds kLongestWait{60};

  explicit Push(std::uint64_t size, std::uint8_t exponent = Block::kLargest) : size_(size), exponent_(exponent) {}

  struct Piece {
    Block block;
    std::uint64_t offset = 0;
    std::size_t size = 0;
  };
  [[nodiscard]] Piece piece() const;
  [[nodiscard]] std::uint64_t done() const { return done_; }
  // False after the device refused the Content-Format option once.
  [[nodiscard]] bool names_format() const { return names_format_; }

  struct Judgement {
    enum class Kind {
      proceed,   // send piece()
      wait,      // send piece() again after `wait`
      whole,     // the device has everything
      doubtful,  // after the last block: only its State tells whether it has everything
      refused,   // `why`; its State and Update Result may tell more
    };
    Kind kind = Kind::proceed;
    std::chrono::milliseconds wait{0};
    std::string why;
    bool may_retry = true;
  };
  Judgement take(const Response& response);

  // The first block was never answered: it may be too large for the device's buffer, or for a network that loses
  // fragments. False when no smaller size is left to try; each one costs minutes.
  bool shrink_after_silence();

  [[nodiscard]] std::uint8_t exponent() const { return exponent_; }

  // Back to the first block, as after lost ones. False when that has happened too often.
  bool restart();

 private:
  [[nodiscard]] bool is_last() const { return done_ + piece().size >= size_; }
  Judgement advance(const Response& response);
  Judgement shrink(const Response& response);
  Judgement lost_blocks(const Response& response);
  Judgement busy(const Response& response);
  [[nodiscard]] Judgement refuse(const Response& response, bool may_retry) const;

  std::uint64_t size_;
  std::uint8_t exponent_;
  std::uint64_t done_ = 0;
  unsigned restarts_ = 0;
  unsigned waits_ = 0;
  bool names_format_ = true;
};

}  // namespace homepatch::coap
