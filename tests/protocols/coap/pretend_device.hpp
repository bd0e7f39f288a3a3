// An LwM2M client made of one raw UDP socket, with the habits of real firmware as knobs. It answers as its objects say,
// keeps what it was sent, and never uses the code under test.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/event_loop.hpp"
#include "base/unique_fd.hpp"
#include "datagram.hpp"

namespace homepatch::coap::test {

class PretendDevice {
 public:
  // Its own address of 127.0.0.0/8, a free port.
  PretendDevice(EventLoop& loop, std::string ip, std::uint16_t server_port, std::string server_ip = "127.0.0.1");

  // --- what it says
  void send(const Datagram& message);
  // A request to the server; its token is returned and its answer found in `answers`.
  std::string request(unsigned code, const std::string& path, const std::vector<std::string>& query,
                      const std::string& payload, std::optional<unsigned> format = 40);
  std::string register_as(const std::string& endpoint, const std::string& more = "lwm2m=1.1",
                          const std::string& links = "</1/0>,</3/0>,</5/0>");
  // After a registration was answered.
  std::string update(const std::vector<std::string>& query = {}, const std::string& payload = "");
  void notify(const std::string& path, const std::string& value);
  // As after a reboot: a new socket with a new port, nothing of a transfer or an observation left.
  void reboot();

  // --- what it is
  struct Resource {
    std::string value;
    unsigned format = 0;
    std::map<unsigned, std::string> by_accept{};  // the value in another format, for who asks for that
  };
  std::map<std::string, Resource> resources;  // by path, "/3/0/3"
  void set_state(const std::string& state) { resources["/5/0/3"].value = state; }
  void set_result(const std::string& result) { resources["/5/0/5"].value = result; }

  // --- its habits
  bool deaf = false;              // takes everything in and says nothing
  unsigned block_answers_of = 0;  // answers to reads come in blocks of this size
  bool changes_etag = false;      // between these blocks
  std::string challenge;          // demands this Echo value (RFC 9175)
  bool never_satisfied = false;   // and refuses it all the same
  bool refuses_accept = false;    // 4.06 to every Accept option
  bool observable = true;
  bool separate_answers = false;            // an empty acknowledgement, then a confirmable answer
  bool token_bound = false;                 // knows a transfer by its token (Zephyr before 2023)
  unsigned preferred_exponent = 6;          // told in the answer to block 0
  unsigned largest_block = 1024;            // larger ones: plain 4.13
  unsigned deaf_above = 1024;               // larger ones never arrive
  std::optional<unsigned> deaf_from_block;  // vanishes there
  std::optional<unsigned> reset_at_block;   // answers it by a reset
  std::optional<unsigned> busy_at_block;    // 5.03 once
  std::optional<unsigned> lose_at_block;    // 4.08 once
  bool loses_last_answer = false;           // its answer to the last block is lost, and the transfer closed
  bool refuses_format = false;              // 4.15 while there is a Content-Format
  bool stays_idle_until_whole = false;      // Anjay: never says "downloading"
  bool uri_write_resets = true;
  bool nul_write_resets = true;
  bool resets_in_downloading = true;
  bool heeds_update = true;       // answers the Execute of /5/0/2
  std::string whole_state = "2";  // State after the last block
  std::string whole_result = "0";
  int idle_number = 0;  // 1: counts its states from 1

  // --- what it has seen
  std::string image;
  unsigned blocks = 0;
  std::size_t largest_seen = 0;
  unsigned resets = 0;
  unsigned updates_executed = 0;
  std::vector<std::string> asked;  // "GET /3/0/0"
  std::deque<Datagram> seen;       // the newest few requests
  std::map<std::string, Datagram> answers;
  unsigned answers_count = 0;
  std::map<std::string, unsigned> rejected;  // resets received, by nothing in particular
  std::string location;
  std::function<void()> on_block;  // after each block was taken, before it is answered

  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] const std::string& ip() const { return ip_; }

 private:
  void open();
  void receive();
  void take_request(const Datagram& request);
  void get(const Datagram& request);
  void get_block(const Datagram& request, const Resource& found);
  void put(const Datagram& request);
  void take_block(const Datagram& request);
  void execute(const Datagram& request);
  void whole(const Datagram& request);
  void reset_package();
  void answer(const Datagram& request, unsigned code, std::vector<std::pair<unsigned, std::string>> options = {},
              std::string payload = "");

  EventLoop& loop_;
  std::string ip_;
  std::string server_ip_;
  std::uint16_t server_port_;
  UniqueFd socket_;
  Watch watch_;
  std::uint16_t next_id_ = 100;
  unsigned next_token_ = 1;
  std::map<std::string, std::pair<std::string, unsigned>> observers_;  // path: token, last number
  std::optional<std::string> transfer_token_;
  bool transfer_closed_ = false;
};

}  // namespace homepatch::coap::test
