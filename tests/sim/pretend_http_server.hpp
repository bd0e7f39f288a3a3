// A web server for one file at a time that answers exactly what a test tells it to, and remembers what it was asked.
#pragma once

#include <list>
#include <map>
#include <string>
#include <vector>

#include "base/event_loop.hpp"
#include "base/unique_fd.hpp"

namespace homepatch::sim {

class PretendHttpServer {
 public:
  explicit PretendHttpServer(EventLoop& loop);

  [[nodiscard]] std::string url(const std::string& path) const;

  // The whole answer, head and body, to a GET of `path`; other paths get a 404.
  void answer(const std::string& path, std::string answer) { answers_[path] = std::move(answer); }
  void serve(const std::string& path, const std::string& body, const std::string& more_headers = "");
  // Sends only so much of each answer and then neither more nor an end.
  void stall_after(std::size_t bytes) { most_ = bytes; }

  struct Request {
    std::string peer;  // the address it came from
    std::string path;
    std::string head;
  };
  [[nodiscard]] const std::vector<Request>& requests() const { return requests_; }

 private:
  struct Connection {
    UniqueFd fd;
    std::string peer;
    std::string in;
    std::string out;
    bool stalled = false;
    Watch watch;
  };

  void on_connection();
  void on_ready(Connection& connection);
  void reply(Connection& connection);

  EventLoop& loop_;
  UniqueFd listener_;
  std::uint16_t port_ = 0;
  std::size_t most_ = SIZE_MAX;
  std::map<std::string, std::string> answers_;
  std::vector<Request> requests_;
  std::list<Connection> connections_;
  Watch watch_;
};

}  // namespace homepatch::sim
