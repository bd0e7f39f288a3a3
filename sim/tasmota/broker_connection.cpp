#include "sim/tasmota/broker_connection.hpp"

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
  mosquitto_will_set(client_.get(), order.will.topic.c_str(), static_cast<int>(order.will.payload.size()),
                     order.will.payload.data(), 0, true);
  mosquitto_connect_callback_set(client_.get(), [](mosquitto*, void* self, int code) noexcept {
    static_cast<BrokerConnection*>(self)->answer_ = code;
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
  watch_ = TRY(loop_.watch(mosquitto_socket(client_.get()), EPOLLIN, [this](std::uint32_t e) { on_ready(e); }));
  tick_ = loop_.after(kTick, [this] { tick(); });
  follow_writing();
  return {};
}

void BrokerConnection::on_ready(std::uint32_t revents) {
  int result = MOSQ_ERR_SUCCESS;
  if ((revents & EPOLLOUT) != 0) result = mosquitto_loop_write(client_.get(), 1);
  if (result == MOSQ_ERR_SUCCESS && (revents & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
    result = mosquitto_loop_read(client_.get(), 1);
  }
  deliver();
  if (result != MOSQ_ERR_SUCCESS) return report_loss(result);
  follow_writing();
}

// After libmosquitto has returned: what is published from inside its callbacks would only be queued.
void BrokerConnection::deliver() {
  if (answer_) {
    const int code = *answer_;
    answer_.reset();
    if (code != 0) return events_.lost(fmt::format("refused: {}", mosquitto_connack_string(code)));
    events_.connected();
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
  if (result != MOSQ_ERR_SUCCESS) return report_loss(result);
  follow_writing();
}

void BrokerConnection::report_loss(int error) {
  watch_.cancel();
  tick_.cancel();
  events_.lost(reason(error, errno));
}

void BrokerConnection::subscribe(const std::string& filter) {
  mosquitto_subscribe(client_.get(), nullptr, filter.c_str(), 0);
  follow_writing();
}

void BrokerConnection::publish(const std::string& topic, std::string_view payload, bool retained) {
  mosquitto_publish(client_.get(), nullptr, topic.c_str(), static_cast<int>(payload.size()), payload.data(), 0,
                    retained);
  follow_writing();
}

void BrokerConnection::leave() {
  watch_.cancel();
  tick_.cancel();
  mosquitto_disconnect(client_.get());
}

}  // namespace homepatch::sim
