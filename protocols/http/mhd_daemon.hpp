// libmicrohttpd on the event loop: one daemon in external epoll mode that gets its connections handed in.
// The artifact server feeds it sockets and answers its requests. What was measured: without "SIGPIPE is handled by
// the application" it never uses sendfile, and it must be run again as long as it says that work is pending.
#pragma once

#include <microhttpd.h>

#include <cstdint>
#include <functional>
#include <memory>

#include "base/event_loop.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "protocols/http/ip_address.hpp"

namespace homepatch {

class MhdDaemon {
 public:
  // Memory of one connection: the request's head and the answer's (not its body) must fit in.
  static constexpr std::size_t kConnectionMemory = 8 * 1024;

  // All are called from run(). `context` is the request's own word, 0 at first.
  struct Handlers {
    // A request is there, without a body; an answer must be queued.
    std::function<MHD_Result(MHD_Connection*, const char* path, const char* method, std::uintptr_t& context)> request;
    // The answer was handed to the kernel whole (`sent`), or never will be.
    std::function<void(std::uintptr_t context, bool sent)> answered;
    // libmicrohttpd is about to close this socket.
    std::function<void(int fd)> closing;
    // After a turn, when no code of libmicrohttpd is under way.
    std::function<void()> turn_over;
  };

  static Result<std::unique_ptr<MhdDaemon>> open(EventLoop& loop, unsigned max_connections, Handlers handlers);
  ~MhdDaemon();
  MhdDaemon(const MhdDaemon&) = delete;
  MhdDaemon& operator=(const MhdDaemon&) = delete;

  // Takes the socket over. False: it was closed instead.
  bool add(UniqueFd socket, const IpAddress& peer);

  static int socket_of(MHD_Connection* connection);

 private:
  MhdDaemon(EventLoop& loop, Handlers handlers) : loop_(loop), handlers_(std::move(handlers)) {}
  Status start(unsigned max_connections);
  void run();

  static MHD_Result on_request(void* self, MHD_Connection* connection, const char* path, const char* method,
                               const char* version, const char* upload, std::size_t* upload_size,
                               void** context) noexcept;
  static void on_answered(void* self, MHD_Connection* connection, void** context,
                          MHD_RequestTerminationCode code) noexcept;
  static void on_connection(void* self, MHD_Connection* connection, void** context,
                            MHD_ConnectionNotificationCode code) noexcept;
  static std::size_t leave_encoded(void* self, MHD_Connection* connection, char* text) noexcept;

  EventLoop& loop_;
  Handlers handlers_;
  MHD_Daemon* daemon_ = nullptr;
  Watch watch_;
  Timer again_;
};

}  // namespace homepatch
