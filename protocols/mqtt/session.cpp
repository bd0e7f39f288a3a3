#include "protocols/mqtt/session.hpp"

#include <fmt/format.h>
#include <mqtt/async_client.h>

#include <atomic>
#include <future>
#include <mutex>
#include <optional>
#include <thread>

#include "base/text.hpp"

namespace homepatch::mqtt {

namespace {

namespace paho = ::mqtt;

constexpr std::chrono::milliseconds kCloseLimit{2000};
// What Paho waits for answers that are due before it disconnects, and what we wait for it to have done so. The second
// must be the longer one: to destroy its client while its thread disconnects corrupts memory (Paho C 1.3.12).
constexpr std::chrono::milliseconds kFlushLimit{250};
constexpr std::chrono::milliseconds kGoodbyeLimit{1500};
// What a letter costs beside its texts: list node, index entry, strings.
constexpr std::size_t kLetterOverhead = 160;

// MQTT 3.1.1 section 3.2.2.3, and Paho's own codes below zero.
std::string why_refused(int code) {
  switch (code) {
    case 1: return "it does not speak MQTT 3.1.1";
    case 2: return "it refuses the client id";
    case 3: return "it says that it is not available";
    case 4:
    case 5: return "it refuses the user name or password";
    default: return "it cannot be reached";
  }
}

// Counts what is on its way out, so that a stalled broker costs a bounded amount of memory. Signed: an answer may come
// late, after forget().
class Outgoing final : public paho::iaction_listener {
 public:
  bool take(std::int64_t size) {
    if (messages_ >= kMaxOutgoingMessages || bytes_ + size > kMaxOutgoingBytes) return false;
    ++messages_;
    bytes_ += size;
    return true;
  }
  void give_back(std::int64_t size) {
    --messages_;
    bytes_ -= size;
  }
  // A new connection begins with nothing under way, whatever became of the old one's.
  void forget() {
    messages_ = 0;
    bytes_ = 0;
  }
  void on_success(const paho::token& token) noexcept override { done(token); }
  void on_failure(const paho::token& token) noexcept override { done(token); }

 private:
  void done(const paho::token& token) { give_back(reinterpret_cast<std::intptr_t>(token.get_user_context())); }

  std::atomic<std::int64_t> messages_{0};
  std::atomic<std::int64_t> bytes_{0};
};

// Counts the requests that the broker has not answered. Many announcements at once cause many requests, and Paho's
// queue of them has no limit: so the mailbox is held meanwhile, and its own limit is the one that counts.
class Unanswered final : public paho::iaction_listener {
 public:
  explicit Unanswered(Mailbox<Letter>& box) : box_(box) {}

  void take() {
    const std::lock_guard lock(mutex_);
    if (++count_ > kMaxUnanswered) box_.hold();
  }
  void give_back() {
    const std::lock_guard lock(mutex_);
    // An answer may come late, after forget().
    if (count_ > 0 && --count_ == kMaxUnanswered / 2) box_.release();
  }
  void forget() {
    const std::lock_guard lock(mutex_);
    count_ = 0;
    box_.release();
  }
  void on_success(const paho::token&) noexcept override { give_back(); }
  void on_failure(const paho::token&) noexcept override { give_back(); }

 private:
  Mailbox<Letter>& box_;
  std::mutex mutex_;
  int count_ = 0;
};

// Everything that Paho's thread touches. It outlives the client object, which is closed on a thread of its own.
class Hearer final : public paho::callback, public paho::iaction_listener {
 public:
  Hearer(std::size_t mailbox_bytes, bool (*state_like)(std::string_view))
      : box(mailbox_bytes), state_like_(state_like) {}

  void connected(const paho::string&) noexcept override {
    outgoing.forget();
    unanswered.forget();
    put_link(LinkUp{});
  }
  void connection_lost(const paho::string&) noexcept override {
    unanswered.forget();
    put_link(LinkDown{"the connection was lost"});
  }

  void message_arrived(paho::const_message_ptr message) noexcept override {
    const auto& payload = message->get_payload_ref();
    if (payload.size() > kMaxIncomingPayload) {
      ++too_large;
      return;
    }
    const std::string& topic = message->get_topic();
    const bool retained = message->is_retained();
    std::optional<std::string> key;
    // A replayed copy must never push out the live message, so that the two have keys of their own.
    if (retained || (state_like_ != nullptr && state_like_(topic))) key = (retained ? 'r' : 'l') + topic;
    const std::size_t bytes = topic.size() + payload.size() + kLetterOverhead;
    box.put(Message{topic, std::string(payload.data(), payload.size()), retained}, bytes, key);
  }

  // connected() says it; Paho calls this one twice.
  void on_success(const paho::token&) noexcept override {}
  void on_failure(const paho::token& token) noexcept override {
    put_link(LinkDown{why_refused(token.get_return_code())});
  }

  Mailbox<Letter> box;
  Outgoing outgoing;
  Unanswered unanswered{box};
  std::atomic<std::uint64_t> too_large{0};

 private:
  // Weighs nothing, so that a full box cannot lose it; there is at most one for each attempt of ours.
  void put_link(Letter letter) { box.put(std::move(letter), 0, std::nullopt); }

  bool (*state_like_)(std::string_view);
};

// Paho throws for what it refuses at once; this is the only place where that is seen.
template <typename Call>
Status guarded(std::string_view what, Call&& call) {
  try {
    call();
    return {};
  } catch (const std::exception& e) {
    return fail(Errc::unavailable, fmt::format("{}: {}", what, printable(e.what())));
  }
}

}  // namespace

struct Session::Parts {
  explicit Parts(Settings s)
      : settings(std::move(s)),
        hearer(settings.mailbox_bytes, settings.state_like),
        client(settings.uri, settings.client_id, options(), nullptr) {
    client.set_callback(hearer);
  }

  static paho::create_options options() {
    paho::create_options made(MQTTVERSION_3_1_1);
    made.set_send_while_disconnected(false);
    return made;
  }

  // False: Paho is still at it, and its client must not be destroyed.
  bool say_goodbye() {
    bool left = true;
    // Errors do not matter any more: the socket is closed next.
    (void)guarded("leaving the broker", [&] {
      if (!client.is_connected()) return;
      left = client.disconnect(static_cast<int>(kFlushLimit.count()))->wait_for(kGoodbyeLimit);
      // Takes the lock under which Paho's thread told us so, and waits by that until it is done with the client.
      (void)client.is_connected();
    });
    return left;
  }

  Settings settings;
  Hearer hearer;
  paho::async_client client;  // last: gone before those whom it calls
};

Session::Session(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Result<std::unique_ptr<Session>> Session::open(Settings settings) {
  std::unique_ptr<Session> session;
  TRY(guarded("making the MQTT client",
              [&] { session.reset(new Session(std::make_unique<Parts>(std::move(settings)))); }));
  return session;
}

Session::~Session() {
  std::promise<void> closed;
  auto done = closed.get_future();
  std::thread closer([parts = std::move(parts_), closed = std::move(closed)]() mutable {
    if (parts->say_goodbye()) {
      parts.reset();
    } else {
      (void)parts.release();  // left behind, as it is only at the end of the program
    }
    closed.set_value();
  });
  if (done.wait_for(kCloseLimit) == std::future_status::ready) {
    closer.join();
  } else {
    closer.detach();
  }
}

Status Session::connect() {
  const Settings& s = parts_->settings;
  return guarded("connecting to the broker", [&] {
    paho::connect_options options;
    options.set_mqtt_version(MQTTVERSION_3_1_1);
    options.set_clean_session(true);
    options.set_automatic_reconnect(false);
    options.set_keep_alive_interval(s.keep_alive);
    options.set_connect_timeout(s.connect_limit);
    if (!s.user.empty()) options.set_user_name(s.user);
    if (!s.password.empty()) options.set_password(s.password);
    parts_->client.connect(std::move(options), nullptr, parts_->hearer);
  });
}

Status Session::publish(const std::string& topic, const std::string& payload, int qos, bool retain) {
  Outgoing& outgoing = parts_->hearer.outgoing;
  const auto size = static_cast<std::int64_t>(topic.size() + payload.size());
  if (!outgoing.take(size)) {
    return fail(Errc::busy, "publishing: too much waits to be written to the broker already");
  }
  auto status = guarded("publishing", [&] {
    parts_->client.publish(paho::make_message(topic, payload, qos, retain),
                           reinterpret_cast<void*>(static_cast<std::intptr_t>(size)), outgoing);
  });
  if (!status) outgoing.give_back(size);
  return status;
}

Status Session::subscribe(const std::vector<std::string>& filters, int qos) {
  Unanswered& unanswered = parts_->hearer.unanswered;
  unanswered.take();
  auto status = guarded("subscribing", [&] {
    parts_->client.subscribe(paho::string_collection::create(filters),
                             paho::async_client::qos_collection(filters.size(), qos), nullptr, unanswered);
  });
  if (!status) unanswered.give_back();
  return status;
}

Status Session::unsubscribe(const std::vector<std::string>& filters) {
  Unanswered& unanswered = parts_->hearer.unanswered;
  unanswered.take();
  auto status = guarded("unsubscribing", [&] {
    parts_->client.unsubscribe(paho::string_collection::create(filters), nullptr, unanswered);
  });
  if (!status) unanswered.give_back();
  return status;
}

Mailbox<Letter>& Session::mailbox() { return parts_->hearer.box; }

std::uint64_t Session::too_large() const { return parts_->hearer.too_large; }

}  // namespace homepatch::mqtt
