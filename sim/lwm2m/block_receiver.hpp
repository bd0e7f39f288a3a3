// Takes the body of one resource in Block1 pieces (RFC 7959 section 2.5), with the habits of three client stacks. Keeps
// no body: the pieces go straight on to `sink`.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "sim/lwm2m/coap_message.hpp"
#include "sim/lwm2m/lwm2m_settings.hpp"

namespace homepatch::sim {

class BlockReceiver {
 public:
  struct Verdict {
    CoapMessage response;
    bool taken = false;     // the piece was new and went to the sink
    bool complete = false;  // it was the last one
  };
  using Sink = std::function<void(std::string_view)>;

  BlockReceiver(Lwm2mKind kind, std::uint8_t szx, Sink sink) : kind_(kind), szx_(szx), sink_(std::move(sink)) {}

  // A request without Block1 is a body of one piece.
  [[nodiscard]] Verdict take(const CoapMessage& request);
  void forget() { active_ = false; }

  [[nodiscard]] bool active() const { return active_; }
  [[nodiscard]] std::uint64_t received() const { return received_; }
  // From Size1, 0 when the sender did not say it.
  [[nodiscard]] std::uint64_t announced() const { return announced_; }

  // Whether the request begins a body.
  static bool begins(const CoapMessage& request);

 private:
  [[nodiscard]] std::optional<Verdict> refuse_size(const CoapMessage& request, const CoapBlock& block) const;
  [[nodiscard]] std::optional<Verdict> refuse_order(const CoapMessage& request, const CoapBlock& block);
  [[nodiscard]] CoapMessage progress(const CoapBlock& block) const;

  Lwm2mKind kind_;
  std::uint8_t szx_;
  Sink sink_;
  bool active_ = false;
  std::string token_;  // of block 0
  std::uint64_t received_ = 0;
  std::uint64_t announced_ = 0;
};

}  // namespace homepatch::sim
