// The daemon's one connection to the home's MQTT broker. Connects by itself and again by itself, for ever, without
// noise; messages and changes of the link come on the loop's thread. The dialects stand on it. Keeps nothing across a
// crash: at each connect the subscriptions are made anew, and the broker replays what it retains.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/event_loop.hpp"
#include "protocols/mqtt/session.hpp"

namespace homepatch::mqtt {

enum class Link { off, connecting, connected };

struct Settings {
  std::string host = "127.0.0.1";
  std::uint16_t port = 1883;
  std::string user;  // empty: none
  std::string password;
  std::string client_id;  // stable for this gateway: a broker lets only one client of a name stay
  std::chrono::milliseconds retry_first{1'000};
  std::chrono::milliseconds retry_longest{60'000};
  std::chrono::milliseconds repair_first{5'000};  // see Client::Counters::dropped; doubles up to an hour
  std::size_t mailbox_bytes = 4 * 1024 * 1024;
  bool (*state_like)(std::string_view topic) = nullptr;  // as in Session::Settings
};

class Client {
 public:
  using OnMessage = std::function<void(const Message&)>;
  // Called once for each change worth a line in the log, never for each attempt. The text is for people.
  using OnLink = std::function<void(Link, const std::string&)>;

  struct Counters {
    std::uint64_t received = 0;
    std::uint64_t dropped = 0;    // the mailbox was full; retained ones are asked for again a little later
    std::uint64_t too_large = 0;  // above kMaxIncomingPayload
  };

  // invalid_argument for a host or client id that cannot be one. A broker that is away is no error. The callbacks must
  // not destroy the client.
  static Result<std::unique_ptr<Client>> open(EventLoop& loop, Settings settings, OnMessage on_message, OnLink on_link);

  // Subscribes now, if connected, and at each connect from now on.
  void subscribe(const std::string& filter, int qos);

  // Subscribes on this connection only, for those who can list their many filters again at each connect.
  Status subscribe_now(const std::vector<std::string>& filters, int qos);
  Status unsubscribe_now(const std::vector<std::string>& filters);

  // unavailable while not connected (nothing is kept for later: an old command must not reach a device), busy when too
  // much waits, invalid_argument for a topic with wildcards or NUL. Commands are never retained.
  Status publish(const std::string& topic, const std::string& payload, int qos = 0, bool retain = false);

  [[nodiscard]] Link link() const { return link_; }
  [[nodiscard]] Counters counters() const;

 private:
  Client(EventLoop& loop, Settings settings, std::unique_ptr<Session> session, OnMessage on_message, OnLink on_link);

  void take_letters();
  void on_letter(const Letter& letter);
  void on_up();
  void on_down(const std::string& why);
  void connect_after(std::chrono::milliseconds delay);
  void retry(const std::string& why);
  void change(Link link, const std::string& text);
  void watch_for_drops();
  void subscribe_again();
  [[nodiscard]] std::string broker() const;

  EventLoop& loop_;
  Settings settings_;
  OnMessage on_message_;
  OnLink on_link_;
  std::unique_ptr<Session> session_;
  std::set<std::pair<std::string, int>> filters_;
  Link link_ = Link::connecting;
  std::string said_;  // the last text given to on_link_
  std::chrono::milliseconds wait_;
  std::chrono::milliseconds repair_wait_;
  std::uint64_t received_ = 0;
  std::uint64_t drops_seen_ = 0;
  Watch letters_;
  Timer next_attempt_;
  Timer repair_;
};

}  // namespace homepatch::mqtt
