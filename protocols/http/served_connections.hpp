// The connections of the artifact server and how far each answer has really come. libmicrohttpd knows only what the
// kernel took; here an answer is over when the peer has acknowledged its last byte, or never will.
// The artifact server feeds it; sweep() gives what is to be told.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/unique_fd.hpp"
#include "protocols/http/byte_range.hpp"
#include "protocols/http/ip_address.hpp"

namespace homepatch {

struct Answer {
  std::uint64_t folder = 0;
  std::string name;
  FilePart part;
  std::uint64_t length = 0;  // of the file
  int file = -1;             // its descriptor, borrowed
};

struct AnswerReport {
  Answer answer;
  std::uint64_t acknowledged = 0;  // bytes of the part
  bool over = false;
  bool delivered = false;  // when over: all of the part
};

class ServedConnections {
 public:
  using Time = std::chrono::milliseconds;  // monotonic

  struct Limits {
    std::size_t connections = 0;
    std::size_t per_client = 0;
    std::size_t strangers = 0;
    Time request_time{0};  // to send a request's head, and between two
    Time stall_time{0};    // without one more byte acknowledged
  };

  explicit ServedConnections(const Limits& limits) : limits_(limits) {}

  [[nodiscard]] bool has_room(const IpAddress& peer, bool stranger) const;

  // `socket` is what libmicrohttpd gets; a copy of it is kept to follow what happens to its last bytes.
  bool add(int socket, const IpAddress& peer, bool stranger, Time now);
  // libmicrohttpd closes it.
  void closing(int socket);
  [[nodiscard]] std::optional<IpAddress> peer_of(int socket) const;

  // Before the answer's first byte is written; returns its id, never 0.
  std::uintptr_t begin(int socket, Answer answer, Time now);
  // All of it was written, or it was given up.
  void written(std::uintptr_t id, bool whole);

  // Cuts the connections that answer for this folder; nothing is reported of them.
  void cut_folder(std::uint64_t folder);
  void cut_all();

  // What moved since the last time. Cuts what stands still for too long, and the
  // answers whose file has become too short for them.
  [[nodiscard]] std::vector<AnswerReport> sweep(Time now);
  // When to sweep again; nothing while there are no connections.
  [[nodiscard]] std::optional<Time> sweep_interval() const;

 private:
  struct Running {
    Answer answer;
    std::uint64_t begin = 0;           // of its head, in the connection's bytes
    std::optional<std::uint64_t> end;  // of its body, once all is written
    bool given_up = false;
    std::uint64_t acknowledged = 0;
    Time moved{0};
  };
  struct Connection {
    UniqueFd copy;
    int socket = -1;  // libmicrohttpd's; -1: closed by it
    IpAddress peer;
    bool stranger = false;
    bool cut = false;
    Time idle_since{0};
    std::map<std::uintptr_t, Running> answers;
  };

  Connection* by_socket(int socket);
  static void cut(Connection& connection);
  void forget(std::uint64_t id);
  void sweep_connection(Connection& connection, Time now, std::vector<AnswerReport>& reports);

  Limits limits_;
  std::unordered_map<std::uint64_t, Connection> connections_;
  std::unordered_map<int, std::uint64_t> by_socket_;
  std::unordered_map<std::uintptr_t, std::uint64_t> by_answer_;
  std::uint64_t next_ = 1;
};

}  // namespace homepatch
