// Requests to devices and their answers: one at a time per device (RFC 7252 section 4.7, NSTART 1), the others wait in
// a bounded queue. Answers are matched by tokens of our own, which a stranger cannot guess. An answer in several blocks
// (RFC 7959 section 2.4) is put together; an Echo challenge (RFC 9175 section 2.3) is met. Interview and delivery send
// through it. Nothing outlives a crash: a late answer then finds no token and is rejected with a reset.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/loop.hpp"
#include "base/result.hpp"
#include "protocols/coap/context.hpp"
#include "protocols/coap/message.hpp"

namespace homepatch::coap {

// Stands for one request or observation; destroying it cancels: what has not been sent never will be, and a late answer
// is rejected. Must not outlive its Exchanges.
class Exchange {
 public:
  struct Entry;

  Exchange() = default;
  explicit Exchange(std::shared_ptr<Entry> entry) : entry_(std::move(entry)) {}
  Exchange(Exchange&&) noexcept = default;
  Exchange& operator=(Exchange&& other) noexcept;
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  ~Exchange() { cancel(); }

  void cancel();
  [[nodiscard]] explicit operator bool() const { return entry_ != nullptr; }

 private:
  std::shared_ptr<Entry> entry_;
};

class Exchanges {
 public:
  static constexpr std::size_t kMaxBody = 64 * 1024;  // of an answer in blocks
  static constexpr std::size_t kMaxPeers = 1024;      // devices with a request open, or over just now
  static constexpr std::size_t kMaxWaiting = 32;      // requests to one device
  static constexpr std::size_t kTokenSize = 6;
  // A session is closed so long after its last request, and what the device sent meanwhile on it is read before.
  static constexpr std::chrono::milliseconds kLinger{200};

  Exchanges(Loop& loop, Context& context);
  ~Exchanges();
  Exchanges(const Exchanges&) = delete;
  Exchanges& operator=(const Exchanges&) = delete;

  // Errors: unavailable (no answer in Timing::span(), or nothing listens there), io (the device rejected the message),
  // too_large, busy (a limit above was reached), malformed. A 4.xx or 5.xx is an answer.
  using Answered = std::function<void(Result<Response>)>;
  [[nodiscard]] Exchange request(const Route& route, Request request, const Timing& timing, Answered answered);

  // A GET with Observe (RFC 7641). `answered` gets the first answer, `notified` each later one, in their order. A
  // device may ignore the wish: then nothing follows.
  using Notified = std::function<void(const Response&)>;
  [[nodiscard]] Exchange observe(const Route& route, Request request, const Timing& timing, Answered answered,
                                 Notified notified);

  // A token for a sequence of requests that must share one.
  [[nodiscard]] static std::string fresh_token();

  [[nodiscard]] std::size_t open_peers() const { return peers_.size(); }

 private:
  friend class Exchange;
  using EntryPtr = std::shared_ptr<Exchange::Entry>;

  struct Peer {
    std::unique_ptr<Context::Link> link;
    EntryPtr active;
    std::deque<EntryPtr> waiting;
    std::chrono::milliseconds idle_since{0};
  };

  EntryPtr enqueue(const Route& route, Request request, const Timing& timing, Answered answered);
  void pump(const Address& to);
  Status send(Peer& peer, const EntryPtr& entry);
  bool take(const Received& received);
  void take_answer(const EntryPtr& entry, const Response& response);
  Result<bool> collect(Exchange::Entry& entry, const Response& response);
  void resend(const EntryPtr& entry);
  void take_failure(const Address& to, const std::string& token, Error error);
  void complete(const EntryPtr& entry, Result<Response> result);
  void fail_later(const EntryPtr& entry, Error error);
  void drop(const EntryPtr& entry);
  void later(std::chrono::milliseconds delay = {});
  void sweep();
  void tick();

  Loop& loop_;
  Context& context_;
  std::map<Address, Peer> peers_;
  std::map<std::string, EntryPtr, std::less<>> tokens_;
  std::vector<std::pair<EntryPtr, Error>> failed_;
  Timer sweep_;
  std::chrono::milliseconds sweep_at_{0};
  Timer tick_;
};

}  // namespace homepatch::coap
