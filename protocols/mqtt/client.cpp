#include "protocols/mqtt/client.hpp"

#include <fmt/format.h>
#include <sys/epoll.h>

#include <algorithm>

#include "base/text.hpp"

namespace homepatch::mqtt {

namespace {

// Letters taken in one turn of the loop, so that a flood leaves room for everything else.
constexpr std::size_t kBatch = 64;
// Filters in one SUBSCRIBE packet.
constexpr std::size_t kFiltersAtOnce = 90;
constexpr std::size_t kMaxTopic = 65'535;  // MQTT 3.1.1 section 1.5.3
constexpr std::size_t kMaxClientId = 64;
constexpr std::size_t kMaxHost = 255;
constexpr std::chrono::milliseconds kRepairLongest = std::chrono::hours(1);

// A host goes into a URI: what could end it early or hide in it is refused.
bool is_host(std::string_view host) {
  return is_plain_text(host, kMaxHost) && host.find_first_of("/@?#[] \t") == std::string_view::npos;
}

std::string authority(const Settings& settings) {
  const bool bare_ipv6 = settings.host.find(':') != std::string::npos;
  return bare_ipv6 ? fmt::format("[{}]:{}", settings.host, settings.port)
                   : fmt::format("{}:{}", settings.host, settings.port);
}

// MQTT 3.1.1 section 3.3.2.1: no wildcards in the topic of a PUBLISH; section 4.7.3: at least one character, no NUL.
bool is_topic_name(std::string_view topic) {
  return !topic.empty() && topic.size() <= kMaxTopic && is_utf8(topic) &&
         topic.find_first_of(std::string_view("+#\0", 3)) == std::string_view::npos;
}

}  // namespace

Client::Client(EventLoop& loop, Settings settings, std::unique_ptr<Session> session, OnMessage on_message,
               OnLink on_link)
    : loop_(loop),
      settings_(std::move(settings)),
      on_message_(std::move(on_message)),
      on_link_(std::move(on_link)),
      session_(std::move(session)),
      wait_(settings_.retry_first),
      repair_wait_(settings_.repair_first) {}

Result<std::unique_ptr<Client>> Client::open(EventLoop& loop, Settings settings, OnMessage on_message, OnLink on_link) {
  if (!is_host(settings.host) || settings.port == 0) {
    return fail(Errc::invalid_argument,
                fmt::format("the MQTT broker's address '{}' port {} is none: give a host name or an IP address and a "
                            "port",
                            printable(settings.host), settings.port));
  }
  if (!is_plain_text(settings.client_id, kMaxClientId)) {
    return fail(Errc::invalid_argument, "the MQTT client id must have 1 to 64 bytes of plain text");
  }
  Session::Settings session_settings;
  session_settings.uri = "tcp://" + authority(settings);
  session_settings.client_id = settings.client_id;
  session_settings.user = settings.user;
  session_settings.password = settings.password;
  session_settings.mailbox_bytes = settings.mailbox_bytes;
  session_settings.state_like = settings.state_like;
  auto session = TRY(Session::open(std::move(session_settings)));
  std::unique_ptr<Client> client(
      new Client(loop, std::move(settings), std::move(session), std::move(on_message), std::move(on_link)));
  Client* self = client.get();
  client->letters_ =
      TRY(loop.watch(client->session_->mailbox().fd(), EPOLLIN, [self](std::uint32_t) { self->take_letters(); }));
  client->connect_after(std::chrono::milliseconds::zero());
  return client;
}

std::string Client::broker() const { return "the MQTT broker at " + authority(settings_); }

void Client::subscribe(const std::string& filter, int qos) {
  filters_.emplace(filter, qos);
  // A refusal here means that the link is going: the next connect subscribes.
  if (link_ == Link::connected) (void)session_->subscribe({filter}, qos);
}

Status Client::subscribe_now(const std::vector<std::string>& filters, int qos) {
  if (link_ != Link::connected) return fail(Errc::unavailable, broker() + " is not connected");
  for (std::size_t i = 0; i < filters.size(); i += kFiltersAtOnce) {
    const auto first = filters.begin() + static_cast<std::ptrdiff_t>(i);
    const auto last = filters.begin() + static_cast<std::ptrdiff_t>(std::min(i + kFiltersAtOnce, filters.size()));
    TRY(session_->subscribe({first, last}, qos));
  }
  return {};
}

Status Client::unsubscribe_now(const std::vector<std::string>& filters) {
  if (link_ != Link::connected) return fail(Errc::unavailable, broker() + " is not connected");
  return session_->unsubscribe(filters);
}

Status Client::publish(const std::string& topic, const std::string& payload, int qos, bool retain) {
  if (!is_topic_name(topic)) {
    return fail(Errc::invalid_argument, fmt::format("'{}' cannot be published to", printable(topic)));
  }
  if (link_ != Link::connected) return fail(Errc::unavailable, broker() + " is not connected");
  return session_->publish(topic, payload, qos, retain);
}

Client::Counters Client::counters() const {
  return Counters{received_, session_->mailbox().dropped(), session_->too_large()};
}

void Client::take_letters() {
  for (const Letter& letter : session_->mailbox().take(kBatch)) on_letter(letter);
  watch_for_drops();
}

void Client::on_letter(const Letter& letter) {
  if (const auto* message = std::get_if<Message>(&letter)) {
    ++received_;
    on_message_(*message);
  } else if (const auto* down = std::get_if<LinkDown>(&letter)) {
    on_down(down->why);
  } else {
    on_up();
  }
}

// Started is all that connect() says; the outcome comes as a letter.
void Client::connect_after(std::chrono::milliseconds delay) {
  next_attempt_ = loop_.after(delay, [this] {
    next_attempt_ = Timer();
    if (const auto started = session_->connect(); !started) retry(started.error().text);
  });
}

void Client::on_up() {
  wait_ = settings_.retry_first;
  repair_wait_ = settings_.repair_first;
  link_ = Link::connected;
  subscribe_again();
  change(Link::connected, "connected to " + broker());
}

void Client::on_down(const std::string& why) {
  if (next_attempt_.armed()) return;  // known already
  retry(why);
}

void Client::retry(const std::string& why) {
  connect_after(wait_);
  wait_ = std::min(wait_ * 2, settings_.retry_longest);
  change(Link::off, fmt::format("{}: {}; trying again by itself", broker(), why));
}

void Client::change(Link link, const std::string& text) {
  link_ = link;
  if (text == said_) return;
  said_ = text;
  on_link_(link, text);
}

void Client::subscribe_again() {
  for (const auto& [filter, qos] : filters_) (void)session_->subscribe({filter}, qos);
}

// A subscription made again makes the broker replay what it retains: so what was dropped comes back, at a pace that
// slows down where somebody keeps the box full on purpose.
void Client::watch_for_drops() {
  const auto dropped = session_->mailbox().dropped();
  if (dropped == drops_seen_ || repair_.armed()) return;
  drops_seen_ = dropped;
  repair_ = loop_.after(repair_wait_, [this] {
    repair_ = Timer();
    if (link_ == Link::connected) subscribe_again();
  });
  repair_wait_ = std::min(repair_wait_ * 2, kRepairLongest);
}

}  // namespace homepatch::mqtt
