#include "protocols/http/mhd_daemon.hpp"

#include <sys/epoll.h>

#include <csignal>
#include <cstring>

namespace homepatch {

namespace {

constexpr int kMaxRunsPerTurn = 16;  // then the rest of the loop gets its turn

char head_seen = 0;  // its address marks a request whose head has come

}  // namespace

Result<std::unique_ptr<MhdDaemon>> MhdDaemon::open(EventLoop& loop, unsigned max_connections, Handlers handlers) {
  std::unique_ptr<MhdDaemon> out(new MhdDaemon(loop, std::move(handlers)));
  TRY(out->start(max_connections));
  return out;
}

Status MhdDaemon::start(unsigned max_connections) {
  // sendfile has no flag against SIGPIPE, so the whole program must do without the signal.
  std::signal(SIGPIPE, SIG_IGN);
  daemon_ = MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET, 0, nullptr, nullptr, &MhdDaemon::on_request,
                             this, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_CONNECTION_LIMIT, max_connections,
                             MHD_OPTION_CONNECTION_MEMORY_LIMIT, kConnectionMemory, MHD_OPTION_NOTIFY_COMPLETED,
                             &MhdDaemon::on_answered, this, MHD_OPTION_NOTIFY_CONNECTION, &MhdDaemon::on_connection,
                             this, MHD_OPTION_UNESCAPE_CALLBACK, &MhdDaemon::leave_encoded, this, MHD_OPTION_END);
  if (daemon_ == nullptr) return fail(Errc::internal, "libmicrohttpd cannot be started");
  const auto* info = MHD_get_daemon_info(daemon_, MHD_DAEMON_INFO_EPOLL_FD);
  watch_ = TRY(loop_.watch(info->epoll_fd, EPOLLIN, [this](std::uint32_t) { run(); }));
  return {};
}

MhdDaemon::~MhdDaemon() {
  watch_.cancel();
  again_.cancel();
  if (daemon_ != nullptr) MHD_stop_daemon(daemon_);
}

bool MhdDaemon::add(UniqueFd socket, const IpAddress& peer) {
  sockaddr_storage address{};
  const socklen_t size = peer.fill(address, 0);
  return MHD_add_connection(daemon_, socket.release(), reinterpret_cast<const sockaddr*>(&address), size) == MHD_YES;
}

int MhdDaemon::socket_of(MHD_Connection* connection) {
  return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

void MhdDaemon::run() {
  MHD_UNSIGNED_LONG_LONG wait = 0;
  bool pending = true;
  for (int i = 0; i < kMaxRunsPerTurn && pending; ++i) {
    MHD_run(daemon_);
    pending = MHD_get_timeout(daemon_, &wait) == MHD_YES && wait == 0;
  }
  if (pending) again_ = loop_.after(std::chrono::milliseconds(0), [this] { run(); });
  // Nothing after this: it may destroy the daemon.
  const auto turn_over = handlers_.turn_over;
  turn_over();
}

MHD_Result MhdDaemon::on_request(void* self, MHD_Connection* connection, const char* path, const char* method,
                                 const char*, const char*, std::size_t* upload_size, void** context) noexcept {
  // The first call brings the head alone. An answer queued there would end the connection, which suits the methods that
  // are refused; the others are answered when their (empty) body is through.
  const bool may_have_body =
      std::strcmp(method, MHD_HTTP_METHOD_GET) != 0 && std::strcmp(method, MHD_HTTP_METHOD_HEAD) != 0;
  if (*context == nullptr && !may_have_body) {
    *context = &head_seen;
    return MHD_YES;
  }
  if (*upload_size != 0) return MHD_NO;
  std::uintptr_t word = 0;
  const auto result = static_cast<MhdDaemon*>(self)->handlers_.request(connection, path, method, word);
  std::memcpy(context, &word, sizeof word);
  return result;
}

void MhdDaemon::on_answered(void* self, MHD_Connection*, void** context, MHD_RequestTerminationCode code) noexcept {
  std::uintptr_t word = 0;
  if (*context != &head_seen) std::memcpy(&word, context, sizeof word);
  static_cast<MhdDaemon*>(self)->handlers_.answered(word, code == MHD_REQUEST_TERMINATED_COMPLETED_OK);
}

void MhdDaemon::on_connection(void* self, MHD_Connection* connection, void**,
                              MHD_ConnectionNotificationCode code) noexcept {
  if (code == MHD_CONNECTION_NOTIFY_CLOSED) static_cast<MhdDaemon*>(self)->handlers_.closing(socket_of(connection));
}

// Paths are compared as they came: nothing to decode, nothing to trick.
std::size_t MhdDaemon::leave_encoded(void*, MHD_Connection*, char* text) noexcept { return std::strlen(text); }

}  // namespace homepatch
