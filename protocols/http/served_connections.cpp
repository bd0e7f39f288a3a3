#include "protocols/http/served_connections.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>

#include "protocols/http/tcp_delivery.hpp"

namespace homepatch {

namespace {

using std::chrono::milliseconds;

// The head of an answer is shorter. Until its true length is known (when all is written) progress is told too low by
// at most this, never too high.
constexpr std::uint64_t kMaxAnswerHead = 512;

// A last byte on its way is awaited closely, progress looked at a few times a second, idle connections now and then.
constexpr milliseconds kSweepEnding(20);
constexpr milliseconds kSweepRunning(250);
constexpr milliseconds kSweepIdle(1000);

// libmicrohttpd waits for ever for bytes that sendfile does not find.
bool too_short(int file, const FilePart& part) {
  struct stat st {};
  return ::fstat(file, &st) != 0 || static_cast<std::uint64_t>(st.st_size) <= part.last;
}

std::uint64_t size_of(const FilePart& part) { return part.last - part.first + 1; }

}  // namespace

bool ServedConnections::has_room(const IpAddress& peer, bool stranger) const {
  std::size_t of_peer = 0;
  std::size_t strangers = 0;
  for (const auto& [id, connection] : connections_) {
    if (connection.peer == peer) ++of_peer;
    if (connection.stranger) ++strangers;
  }
  return connections_.size() < limits_.connections && of_peer < limits_.per_client &&
         (!stranger || strangers < limits_.strangers);
}

bool ServedConnections::add(int socket, const IpAddress& peer, bool stranger, Time now) {
  UniqueFd copy(::fcntl(socket, F_DUPFD_CLOEXEC, 0));
  if (!copy) return false;
  const auto id = next_++;
  auto& connection = connections_[id];
  connection.copy = std::move(copy);
  connection.socket = socket;
  connection.peer = peer;
  connection.stranger = stranger;
  connection.idle_since = now;
  by_socket_[socket] = id;
  return true;
}

ServedConnections::Connection* ServedConnections::by_socket(int socket) {
  const auto found = by_socket_.find(socket);
  return found != by_socket_.end() ? &connections_.at(found->second) : nullptr;
}

void ServedConnections::closing(int socket) {
  const auto found = by_socket_.find(socket);
  if (found == by_socket_.end()) return;
  const auto id = found->second;
  auto& connection = connections_.at(id);
  connection.socket = -1;
  by_socket_.erase(found);
  // With answers on their way the copy keeps the connection until the peer has them. Of one that was cut the kernel
  // must let go now, and of the bytes that still wait in it.
  if (connection.answers.empty() || connection.cut) forget(id);
}

void ServedConnections::forget(std::uint64_t id) {
  for (const auto& [answer, running] : connections_.at(id).answers) by_answer_.erase(answer);
  connections_.erase(id);
}

void ServedConnections::cut(Connection& connection) {
  connection.cut = true;
  cut_connection(connection.copy.get());
}

std::optional<IpAddress> ServedConnections::peer_of(int socket) const {
  const auto found = by_socket_.find(socket);
  if (found == by_socket_.end()) return std::nullopt;
  return connections_.at(found->second).peer;
}

std::uintptr_t ServedConnections::begin(int socket, Answer answer, Time now) {
  auto* const connection = by_socket(socket);
  const auto id = static_cast<std::uintptr_t>(next_++);
  if (connection == nullptr) return id;
  Running running;
  running.answer = std::move(answer);
  running.begin = tcp_delivery(connection->copy.get()).written;
  running.moved = now;
  connection->answers.emplace(id, std::move(running));
  by_answer_[id] = by_socket_.at(socket);
  return id;
}

void ServedConnections::written(std::uintptr_t id, bool whole) {
  const auto found = by_answer_.find(id);
  if (found == by_answer_.end()) return;
  auto& connection = connections_.at(found->second);
  auto& running = connection.answers.at(id);
  if (whole) running.end = tcp_delivery(connection.copy.get()).written;
  running.given_up = !whole;
}

void ServedConnections::cut_folder(std::uint64_t folder) {
  for (auto& [id, connection] : connections_) {
    const auto of_folder = [&](const auto& entry) { return entry.second.answer.folder == folder; };
    if (std::any_of(connection.answers.begin(), connection.answers.end(), of_folder)) {
      cut(connection);
    }
  }
}

void ServedConnections::cut_all() {
  for (auto& [id, connection] : connections_) cut(connection);
}

void ServedConnections::sweep_connection(Connection& connection, Time now, std::vector<AnswerReport>& reports) {
  const auto tcp = tcp_delivery(connection.copy.get());
  for (auto& [id, running] : connection.answers) {
    const std::uint64_t size = size_of(running.answer.part);
    const std::uint64_t body = running.end ? *running.end - size : running.begin + kMaxAnswerHead;
    const std::uint64_t acknowledged = std::min(size, tcp.acknowledged - std::min(tcp.acknowledged, body));
    AnswerReport report{running.answer, std::max(acknowledged, running.acknowledged)};
    report.delivered = running.end && tcp.acknowledged >= *running.end;
    const bool moved = report.acknowledged > running.acknowledged;
    const bool stalled = !moved && now - running.moved > limits_.stall_time;
    const bool hopeless = stalled || (!running.end && too_short(running.answer.file, running.answer.part));
    if (hopeless) cut(connection);
    report.over = report.delivered || running.given_up || hopeless || !tcp.alive;
    if (moved) running.moved = now;
    running.acknowledged = report.acknowledged;
    if (moved || report.over) reports.push_back(report);
    if (report.over) running.answer.folder = 0;  // marks it for removal
  }
}

std::vector<AnswerReport> ServedConnections::sweep(Time now) {
  std::vector<AnswerReport> reports;
  for (auto connection = connections_.begin(); connection != connections_.end();) {
    auto& [id, entry] = *connection;
    const bool was_answering = !entry.answers.empty();
    sweep_connection(entry, now, reports);
    std::erase_if(entry.answers, [&](const auto& answer) {
      const bool over = answer.second.answer.folder == 0;
      if (over) by_answer_.erase(answer.first);
      return over;
    });
    if (was_answering && entry.answers.empty()) entry.idle_since = now;
    const bool idle = entry.answers.empty() && now - entry.idle_since > limits_.request_time;
    if (idle) ::shutdown(entry.copy.get(), SHUT_RDWR);
    const bool gone = entry.answers.empty() && entry.socket < 0;
    connection = gone ? connections_.erase(connection) : std::next(connection);
  }
  return reports;
}

std::optional<ServedConnections::Time> ServedConnections::sweep_interval() const {
  if (connections_.empty()) return std::nullopt;
  auto interval = kSweepIdle;
  for (const auto& [id, connection] : connections_) {
    for (const auto& [answer, running] : connection.answers) {
      interval = std::min(interval, running.end ? kSweepEnding : kSweepRunning);
    }
  }
  return interval;
}

}  // namespace homepatch
