#include "sim/tasmota/broker_connection.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <mosquitto.h>
#include <sys/epoll.h>

#include <cerrno>

namespace homepatch::sim {

namespace {

constexpr int kKeepalive = 30;  // Tasmota's default
constexpr std::chrono::seconds kTick{7};
constexpr std::size_t kMaxInbox = 256;

std::string reason(int error, int error_number) {
  return error == MOSQ_ERR_ERRNO ? std::generic_category().message(error_number) : mosquitto_strerror(error);
}

// Once in the process's life; libmosquitto wants it before anything else.
void initialise() {
  static const int done = mosquitto_lib_init();
  (void)done;
}

}  // namespace

Result<std::unique_ptr<BrokerConnection>> BrokerConnection::open(EventLoop& loop, const Order& order, Events events) {
  initialise();
  std::unique_ptr<BrokerConnection> connection(new BrokerConnection(loop, std::move(events)));
  if (auto started = connection->start(order); !started) return fail(std::move(started).error());
  return connection;
}

Status BrokerConnection::start(const Order& order) {
  client_ = {mosquitto_new(order.client_id.c_str(), true, this), mosquitto_destroy};
  if (!client_) return fail(errno_error("making an MQTT client", errno));
  if (order.broker.user) {
    const auto& password = order.broker.password;
    mosquitto_username_pw_set(client_.get(), order.broker.user->c_str(), password ? password->c_str() : nullptr);
  }
  mosquitto_int_option(client_.get(), MOSQ_OPT_TCP_NODELAY, 1);  // what was said must be out before a restart
  mosquitto_will_set(client_.get(), order.will.topic.c_str(), static_cast<int>(order.will.payload.size()),
                     order.will.payload.data(), 0, true);
  mosquitto_connect_callback_set(client_.get(), [](mosquitto*, void* self, int code) noexcept {
    static_cast<BrokerConnection*>(self)->answer_ = code;
  });
  mosquitto_subscribe_callback_set(client_.get(), [](mosquitto*, void* self, int, int, const int*) noexcept {
    ++static_cast<BrokerConnection*>(self)->subscribed_;
  });
  mosquitto_message_callback_set(client_.get(), [](mosquitto*, void* self, const mosquitto_message* message) noexcept {
    auto& inbox = static_cast<BrokerConnection*>(self)->inbox_;
    if (inbox.size() >= kMaxInbox) return;
    inbox.push_back({message->topic, std::string(static_cast<const char*>(message->payload),
                                                 static_cast<size_t>(message->payloadlen))});
  });
  const int result = mosquitto_connect_bind(client_.get(), order.broker.host.c_str(), order.broker.port, kKeepalive,
                                            order.source_address.c_str());
  if (result != MOSQ_ERR_SUCCESS) {
    return fail(Errc::unavailable, fmt::format("connecting to the MQTT broker {}:{}: {}", order.broker.host,
                                               order.broker.port, reason(result, errno)));
  }
  TRY(watch_socket());
  tick_ = loop_.after(kTick, [this] { tick(); });
  follow_writing();
  return {};
}

// libmosquitto closes its socket inside its own calls, before the watch can end. Where a forked process holds a copy,
// the kernel's entry would then outlive the watch and call into nothing; an entry for a descriptor of ours ends with
// it.
Status BrokerConnection::watch_socket() {
  const int socket = mosquitto_socket(client_.get());
  // A program that we start must not hold the connection open behind the device's back.
  ::fcntl(socket, F_SETFD, FD_CLOEXEC);
  socket_ = UniqueFd(::fcntl(socket, F_DUPFD_CLOEXEC, 0));
  if (!socket_) return fail(errno_error("watching the connection to the MQTT broker", errno));
  watch_ = TRY(loop_.watch(socket_.get(), EPOLLIN, [this](std::uint32_t e) { on_ready(e); }));
  return {};
}

void BrokerConnection::stop_watching() {
  watch_.cancel();
  socket_.reset();
  tick_.cancel();
}

void BrokerConnection::on_ready(std::uint32_t revents) {
  int result = MOSQ_ERR_SUCCESS;
  if ((revents & EPOLLOUT) != 0) result = mosquitto_loop_write(client_.get(), 1);
  if (result == MOSQ_ERR_SUCCESS && (revents & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
    result = mosquitto_loop_read(client_.get(), 1);
  }
  const auto why = result == MOSQ_ERR_SUCCESS ? std::string() : reason(result, errno);
  deliver();
  if (!socket_) return;  // the broker refused
  if (!why.empty()) return report_loss(why);
  follow_writing();
}

// After libmosquitto has returned: what is published from inside its callbacks would only be queued.
void BrokerConnection::deliver() {
  if (answer_) {
    const int code = *answer_;
    answer_.reset();
    if (code != 0) return report_loss(fmt::format("refused: {}", mosquitto_connack_string(code)));
    events_.connected();
  }
  if (wanted_ > 0 && subscribed_ == wanted_) {
    wanted_ = subscribed_ = 0;
    events_.subscribed();
  }
  while (!inbox_.empty()) {
    const auto message = std::move(inbox_.front());
    inbox_.pop_front();
    events_.message(message);
  }
}

void BrokerConnection::follow_writing() {
  const bool wanted = mosquitto_want_write(client_.get());
  if (wanted == writing_) return;
  writing_ = wanted;
  watch_.set_events(wanted ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

void BrokerConnection::tick() {
  tick_ = loop_.after(kTick, [this] { tick(); });
  const int result = mosquitto_loop_misc(client_.get());
  if (result != MOSQ_ERR_SUCCESS) return report_loss(reason(result, errno));
  follow_writing();
}

void BrokerConnection::report_loss(const std::string& why) {
  stop_watching();
  events_.lost(why);
}

void BrokerConnection::subscribe(const std::string& filter) {
  if (mosquitto_subscribe(client_.get(), nullptr, filter.c_str(), 0) == MOSQ_ERR_SUCCESS) ++wanted_;
  follow_writing();
}

void BrokerConnection::publish(const std::string& topic, std::string_view payload, bool retained) {
  mosquitto_publish(client_.get(), nullptr, topic.c_str(), static_cast<int>(payload.size()), payload.data(), 0,
                    retained);
  follow_writing();
}

void BrokerConnection::leave() {
  stop_watching();
  mosquitto_disconnect(client_.get());
}

}  // namespace homepatch::sim
