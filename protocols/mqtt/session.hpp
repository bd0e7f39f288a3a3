// The Paho library, fenced in: its thread puts letters into a mailbox, its exceptions end here, its calls are made only
// when they cannot block. One connection attempt at a time; trying again is the Client's work. Keeps nothing across a
// crash: the session is clean.
#pragma once

#include <chrono>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/mailbox.hpp"
#include "base/result.hpp"
#include "protocols/mqtt/message.hpp"

namespace homepatch::mqtt {

// Payloads above this are counted and not taken in. (Paho itself holds a packet whole before it shows it; a broker's
// message_size_limit bounds that.)
inline constexpr std::size_t kMaxIncomingPayload = 256 * 1024;
// What may wait to be written to the broker.
inline constexpr std::int64_t kMaxOutgoingMessages = 4096;
inline constexpr std::int64_t kMaxOutgoingBytes = 4 * 1024 * 1024;
// SUBSCRIBE and UNSUBSCRIBE packets that the broker has not answered: with more, no message is taken from the mailbox
// until half of them are answered. Each costs about a kilobyte inside Paho, and a message may cause a few.
inline constexpr int kMaxUnanswered = 256;

struct LinkUp {};
struct LinkDown {
  std::string why;
};
using Letter = std::variant<Message, LinkUp, LinkDown>;

class Session {
 public:
  struct Settings {
    std::string uri;
    std::string client_id;
    std::string user;
    std::string password;
    std::chrono::seconds keep_alive{30};
    std::chrono::seconds connect_limit{10};
    std::size_t mailbox_bytes = 0;
    // Called on Paho's thread. True: of this topic only the newest unread message counts.
    bool (*state_like)(std::string_view topic) = nullptr;
  };

  static Result<std::unique_ptr<Session>> open(Settings settings);

  // Says goodbye and closes. Waits at most two seconds: a name server that hangs inside the library is left behind.
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Every outcome comes as LinkUp or LinkDown through the mailbox, except an error here, after which none comes.
  Status connect();
  // Only between LinkUp and LinkDown: Paho holds its lock while it resolves names.
  Status publish(const std::string& topic, const std::string& payload, int qos, bool retain);
  Status subscribe(const std::vector<std::string>& filters, int qos);
  Status unsubscribe(const std::vector<std::string>& filters);

  [[nodiscard]] Mailbox<Letter>& mailbox();
  // Messages above kMaxIncomingPayload since the start.
  [[nodiscard]] std::uint64_t too_large() const;

 private:
  struct Parts;
  explicit Session(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace homepatch::mqtt
