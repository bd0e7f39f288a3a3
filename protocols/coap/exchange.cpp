#include "protocols/coap/exchange.hpp"

#include <fmt/format.h>
#include <sys/random.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace homepatch::coap {

using std::chrono::milliseconds;

namespace {

// After the last moment at which an acknowledgement can come, a separate answer still may.
constexpr milliseconds kAnswerGrace{5000};
constexpr milliseconds kTick{1000};

// RFC 7641 section 3.4: notifications may overtake each other; after this time any counts as newer.
constexpr milliseconds kReordering{128'000};

bool is_newer(std::uint32_t last, std::uint32_t now) {
  constexpr std::uint32_t kHalf = 1U << 23U;
  return (last < now && now - last < kHalf) || (last > now && last - now > kHalf);
}

}  // namespace

struct Exchange::Entry {
  Exchanges* owner = nullptr;  // null once cancelled or over
  Route route;
  Request request;
  Timing timing;
  Exchanges::Answered answered;
  Exchanges::Notified notified;
  std::string token;
  std::uint16_t message_id = 0;
  milliseconds deadline{0};
  Response collected;             // of an answer in blocks: the first block's options, the payload so far
  std::uint32_t last_number = 0;  // of a notification
  milliseconds last_notified{0};
};

Exchange& Exchange::operator=(Exchange&& other) noexcept {
  if (this != &other) {
    cancel();
    entry_ = std::move(other.entry_);
  }
  return *this;
}

void Exchange::cancel() {
  const auto entry = std::move(entry_);
  if (entry && entry->owner != nullptr) entry->owner->drop(entry);
}

Exchanges::Exchanges(Loop& loop, Context& context) : loop_(loop), context_(context) {
  context_.on_response(
      [this](const Received& received) { return take(received); },
      [this](const Address& to, const std::string& token, Error error) { take_failure(to, token, std::move(error)); });
}

Exchanges::~Exchanges() {
  context_.on_response(nullptr, nullptr);
  for (auto& [address, peer] : peers_) {
    if (peer.active) peer.active->owner = nullptr;
    for (const auto& entry : peer.waiting) entry->owner = nullptr;
  }
  for (auto& [token, entry] : tokens_) entry->owner = nullptr;
}

std::string Exchanges::fresh_token() {
  std::string token(kTokenSize, '\0');
  // Cannot fail for so few bytes once the kernel's pool is ready; a guessable token would be worse than stopping.
  if (::getrandom(token.data(), token.size(), 0) != static_cast<ssize_t>(token.size())) std::abort();
  return token;
}

Exchange Exchanges::request(const Route& route, Request request, const Timing& timing, Answered answered) {
  return Exchange(enqueue(route, std::move(request), timing, std::move(answered)));
}

Exchange Exchanges::observe(const Route& route, Request request, const Timing& timing, Answered answered,
                            Notified notified) {
  request.observe = 0;
  auto entry = enqueue(route, std::move(request), timing, std::move(answered));
  entry->notified = std::move(notified);
  return Exchange(std::move(entry));
}

Exchanges::EntryPtr Exchanges::enqueue(const Route& route, Request request, const Timing& timing, Answered answered) {
  auto entry = std::make_shared<Exchange::Entry>();
  entry->owner = this;
  entry->route = route;
  entry->request = std::move(request);
  entry->timing = timing;
  entry->answered = std::move(answered);
  const auto found = peers_.find(route.remote);
  if (found == peers_.end() ? peers_.size() >= kMaxPeers : found->second.waiting.size() >= kMaxWaiting) {
    fail_later(entry, {Errc::busy, "too many requests to devices are open"});
    return entry;
  }
  peers_[route.remote].waiting.push_back(entry);
  pump(route.remote);
  return entry;
}

void Exchanges::pump(const Address& to) {
  const auto found = peers_.find(to);
  if (found == peers_.end() || found->second.active) return;
  Peer& peer = found->second;
  if (peer.waiting.empty()) {
    peer.idle_since = loop_.monotonic();
    later(kLinger);
    return;
  }
  const EntryPtr entry = std::move(peer.waiting.front());
  peer.waiting.pop_front();
  peer.active = entry;
  if (auto sent = send(peer, entry); !sent) fail_later(entry, std::move(sent).error());
}

Status Exchanges::send(Peer& peer, const EntryPtr& entry) {
  if (!peer.link) peer.link = TRY(context_.link(entry->route));
  entry->token = entry->request.token.empty() ? fresh_token() : entry->request.token;
  tokens_[entry->token] = entry;
  entry->deadline = loop_.monotonic() + entry->timing.span() + kAnswerGrace;
  if (!tick_.armed()) tick();
  entry->message_id = TRY(peer.link->send(entry->request, entry->token, entry->timing));
  return {};
}

bool Exchanges::take(const Received& received) {
  const auto found = tokens_.find(received.token);
  if (found == tokens_.end() || found->second->route.remote != received.from) return false;
  const EntryPtr entry = found->second;
  const auto peer = peers_.find(received.from);
  if (peer == peers_.end() || peer->second.active != entry) {
    const auto& number = received.response.observe;
    if (!entry->notified || !number) return false;
    const auto now = loop_.monotonic();
    if (!is_newer(entry->last_number, *number) && now - entry->last_notified < kReordering) return true;
    entry->last_number = *number;
    entry->last_notified = now;
    const auto notified = entry->notified;  // the call may destroy the entry's handle
    notified(received.response);
    return true;
  }
  // A late copy of an earlier answer: with one token for a whole transfer only message id and block number tell.
  if (received.piggybacked && received.message_id != entry->message_id) return true;
  const auto& asked = entry->request.block1;
  const auto& told = received.response.block1;
  if (asked && told && told->number != asked->number) return true;
  take_answer(entry, received.response);
  return true;
}

void Exchanges::take_answer(const EntryPtr& entry, const Response& response) {
  if (response.status == kUnauthorized && !response.echo.empty() && entry->request.echo.empty()) {
    entry->request.echo = response.echo;
    resend(entry);
    return;
  }
  auto whole = collect(*entry, response);
  if (!whole) {
    fail_later(entry, std::move(whole).error());
  } else if (*whole) {
    complete(entry, std::move(entry->collected));
  } else {
    resend(entry);
  }
}

// True: `collected` is the whole answer. False: the next block has to be asked for.
Result<bool> Exchanges::collect(Exchange::Entry& entry, const Response& response) {
  const auto& block = response.block2;
  const bool first = !entry.request.block2;
  if (!first && (!block || response.status != entry.collected.status || response.etag != entry.collected.etag ||
                 block->offset() != entry.collected.payload.size())) {
    return fail(Errc::malformed, "the answer changed between two of its blocks");
  }
  if (first) {
    entry.collected = response;
  } else {
    entry.collected.payload += response.payload;
  }
  if (entry.collected.payload.size() > kMaxBody) return fail(Errc::too_large, "the answer is larger than 64 KiB");
  if (!block || !block->more || entry.notified) return true;
  if (response.payload.size() != block->size()) return fail(Errc::malformed, "a block of the answer is cut short");
  entry.request.block2 = Block{block->number + 1, false, block->exponent};
  return false;
}

void Exchanges::resend(const EntryPtr& entry) {
  tokens_.erase(entry->token);
  if (auto sent = send(peers_[entry->route.remote], entry); !sent) fail_later(entry, std::move(sent).error());
}

void Exchanges::take_failure(const Address& to, const std::string& token, Error error) {
  const auto found = peers_.find(to);
  if (found == peers_.end() || !found->second.active) return;
  const EntryPtr entry = found->second.active;
  if (token.empty() || token == entry->token) fail_later(entry, std::move(error));
}

void Exchanges::complete(const EntryPtr& entry, Result<Response> result) {
  const Address to = entry->route.remote;
  if (const auto peer = peers_.find(to); peer != peers_.end() && peer->second.active == entry) {
    peer->second.active.reset();
    // A session that failed once may be closed inside libcoap: the next request gets a new one.
    if (!result) peer->second.link.reset();
  }
  const bool observing = entry->notified && result && result->observe && is_success(result->status);
  if (observing) {
    entry->last_number = *result->observe;
    entry->last_notified = loop_.monotonic();
  } else {
    tokens_.erase(entry->token);
    entry->owner = nullptr;
  }
  const auto answered = std::exchange(entry->answered, nullptr);
  if (answered) answered(std::move(result));
  pump(to);
}

void Exchanges::fail_later(const EntryPtr& entry, Error error) {
  failed_.emplace_back(entry, std::move(error));
  later();
}

void Exchanges::drop(const EntryPtr& entry) {
  entry->owner = nullptr;
  entry->answered = nullptr;
  entry->notified = nullptr;
  if (const auto token = tokens_.find(entry->token); token != tokens_.end() && token->second == entry) {
    tokens_.erase(token);
  }
  const auto found = peers_.find(entry->route.remote);
  if (found == peers_.end()) return;
  Peer& peer = found->second;
  std::erase(peer.waiting, entry);
  if (peer.active == entry) {
    peer.active.reset();
    peer.idle_since = loop_.monotonic();
  }
  later();
}

void Exchanges::later(milliseconds delay) {
  const auto at = loop_.monotonic() + delay;
  if (sweep_.armed() && sweep_at_ <= at) return;
  sweep_at_ = at;
  sweep_ = loop_.after(delay, [this] {
    sweep_.cancel();
    sweep();
  });
}

void Exchanges::sweep() {
  for (auto& [entry, error] : std::exchange(failed_, {})) {
    if (entry->owner != nullptr) complete(entry, fail(std::move(error)));
  }
  std::vector<Address> free;
  for (const auto& [address, peer] : peers_) {
    if (!peer.active && !peer.waiting.empty()) free.push_back(address);
  }
  for (const auto& address : free) pump(address);
  // Never from within libcoap's own calls, which may be in the middle of using the session.
  std::erase_if(peers_, [since = loop_.monotonic() - kLinger](const auto& entry) {
    const Peer& peer = entry.second;
    return !peer.active && peer.waiting.empty() && peer.idle_since <= since;
  });
  const bool lingering = std::ranges::any_of(peers_, [](const auto& entry) { return !entry.second.active; });
  if (lingering) later(kLinger);
}

// libcoap says when a message was never acknowledged; only the clock says when an acknowledged one is never answered.
void Exchanges::tick() {
  const auto now = loop_.monotonic();
  bool open = false;
  for (const auto& [address, peer] : peers_) {
    if (!peer.active) continue;
    open = true;
    if (peer.active->deadline <= now) {
      fail_later(peer.active, {Errc::unavailable, fmt::format("{} does not answer", address.to_string())});
    }
  }
  if (open) {
    tick_ = loop_.after(kTick, [this] { tick(); });
  } else {
    tick_.cancel();
  }
}

}  // namespace homepatch::coap
