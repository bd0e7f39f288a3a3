#include "protocols/http/artifact_server.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <unordered_map>
#include <variant>

#include "base/random.hpp"
#include "base/text.hpp"
#include "protocols/http/artifact_answer.hpp"
#include "protocols/http/mhd_daemon.hpp"
#include "protocols/http/served_connections.hpp"

namespace homepatch {

namespace {

using std::chrono::milliseconds;

constexpr std::size_t kTokenBytes = 16;  // kTokenSize characters of base64url
// A connection that was sent away is held for a moment, so that its 503 arrives and is not overtaken by a reset.
constexpr std::size_t kMaxSentAway = 32;
constexpr milliseconds kSentAwayTime(1000);
constexpr std::string_view kSentAway =
    "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nContent-Length: 5\r\nRetry-After: 10\r\n"
    "Connection: close\r\n\r\nbusy\n";
constexpr std::string_view kNameLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

bool only_of(std::string_view text, std::string_view letters) {
  return text.find_first_not_of(letters) == std::string_view::npos;
}

Status check_file(const ServedFile& file) {
  const std::string letters = std::string(kNameLetters) + ".";
  if (file.name.empty() || file.name.size() > ArtifactServer::kMaxFileName || file.name.front() == '.' ||
      !only_of(file.name, letters)) {
    return fail(Errc::invalid_argument, fmt::format("\"{}\" cannot be the name of a served file: use up to {} letters, "
                                                    "digits, '.', '_' and '-'",
                                                    printable(file.name, 80), ArtifactServer::kMaxFileName));
  }
  if (file.fd < 0 || file.length == 0 || file.md5_hex.size() != 32 || !only_of(file.md5_hex, "0123456789abcdef")) {
    return fail(Errc::invalid_argument, file.name + " is not complete: it needs an open file, a length and an MD5");
  }
  return {};
}

}  // namespace

class ArtifactServer::Core : public std::enable_shared_from_this<Core> {
 public:
  Core(EventLoop& loop, const ServerLimits& limits)
      : loop_(loop),
        connections_({limits.connections, limits.per_client, limits.strangers, limits.request_time, limits.stall_time}),
        listeners_(loop, [this](UniqueFd socket, const IpAddress& peer) { take_in(std::move(socket), peer); }) {}
  ~Core() { close(); }
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  Status start(unsigned max_connections);
  void close();

  Result<std::uint64_t> open_folder(const std::string& token, const std::string& client_ip,
                                    const std::vector<ServedFile>& files, ServeEvents events);
  void close_folder(std::uint64_t id);
  Status give_folder(std::uint64_t id, const std::string& client_ip);

  HttpListeners& listeners() { return listeners_; }
  [[nodiscard]] std::uint64_t shed() const { return shed_; }

 private:
  struct OpenFolder {
    std::string token;
    IpAddress client;
    std::vector<ServedFile> files;
    std::shared_ptr<const ServeEvents> events;  // one of them may drop the folder while it runs
  };
  struct Shed {};
  using News = std::variant<ServedRequest, AnswerReport, Shed>;
  struct Letter {
    std::uint64_t folder;
    News news;
  };
  struct SentAway {
    UniqueFd socket;
    milliseconds until;
  };
  struct Found {
    std::uint64_t folder;
    const ServedFile* file;  // of that folder
  };

  void take_in(UniqueFd socket, const IpAddress& peer);
  void send_away(UniqueFd socket, const IpAddress& peer);
  [[nodiscard]] bool is_stranger(const IpAddress& peer) const;

  MHD_Result on_request(MHD_Connection* connection, std::string_view path, std::string_view method,
                        std::uintptr_t& context);
  MHD_Result refuse_method(MHD_Connection* connection);
  MHD_Result send_file(MHD_Connection* connection, const Found& found, bool head_only, std::uintptr_t& context);
  [[nodiscard]] std::optional<Found> find(std::string_view path, const IpAddress& peer) const;

  void turn_over();
  void sweep();
  void arm_sweep();
  void tell();
  void tell_one(const ServeEvents& events, const News& news);

  EventLoop& loop_;
  std::map<std::uint64_t, OpenFolder> folders_;
  std::unordered_map<std::string, std::uint64_t> by_token_;
  std::uint64_t next_folder_ = 1;
  std::deque<Letter> letters_;
  std::deque<SentAway> sent_away_;
  std::uint64_t shed_ = 0;
  bool answered_ = false;  // since the last sweep
  MhdResponse not_found_ = text_answer("not found\n");
  Timer sweep_timer_;
  Timer tell_timer_;
  ServedConnections connections_;
  HttpListeners listeners_;
  std::unique_ptr<MhdDaemon> daemon_;  // goes first: on its way out it calls back
};

Status ArtifactServer::Core::start(unsigned max_connections) {
  MhdDaemon::Handlers handlers;
  handlers.request = [this](MHD_Connection* connection, const char* path, const char* method, std::uintptr_t& context) {
    return on_request(connection, path, method, context);
  };
  handlers.answered = [this](std::uintptr_t answer, bool whole) {
    connections_.written(answer, whole);
    answered_ = true;
  };
  handlers.closing = [this](int socket) { connections_.closing(socket); };
  handlers.turn_over = [this] { turn_over(); };
  daemon_ = TRY(MhdDaemon::open(loop_, max_connections, std::move(handlers)));
  return {};
}

void ArtifactServer::Core::close() {
  folders_.clear();
  by_token_.clear();
  letters_.clear();
  connections_.cut_all();
}

Result<std::uint64_t> ArtifactServer::Core::open_folder(const std::string& token, const std::string& client_ip,
                                                        const std::vector<ServedFile>& files, ServeEvents events) {
  if (token.size() != kTokenSize || !only_of(token, kNameLetters)) {
    return fail(Errc::invalid_argument, fmt::format("a folder's token has {} base64url characters", kTokenSize));
  }
  const IpAddress client = TRY(IpAddress::parse(client_ip));
  if (files.empty() || files.size() > kMaxFiles) {
    return fail(Errc::invalid_argument, fmt::format("a folder has 1 to {} files", kMaxFiles));
  }
  for (const auto& file : files) TRY(check_file(file));
  if (by_token_.contains(token)) return fail(Errc::already_exists, "this folder is open already");
  if (folders_.size() >= kMaxFolders) return fail(Errc::busy, fmt::format("{} folders are open", kMaxFolders));
  const auto id = next_folder_++;
  folders_.emplace(id, OpenFolder{token, client, files, std::make_shared<const ServeEvents>(std::move(events))});
  by_token_.emplace(token, id);
  return id;
}

void ArtifactServer::Core::close_folder(std::uint64_t id) {
  const auto found = folders_.find(id);
  if (found == folders_.end()) return;
  by_token_.erase(found->second.token);
  folders_.erase(found);
  connections_.cut_folder(id);
}

Status ArtifactServer::Core::give_folder(std::uint64_t id, const std::string& client_ip) {
  const IpAddress client = TRY(IpAddress::parse(client_ip));
  const auto found = folders_.find(id);
  if (found == folders_.end() || found->second.client == client) return {};
  found->second.client = client;
  connections_.cut_folder(id);
  return {};
}

bool ArtifactServer::Core::is_stranger(const IpAddress& peer) const {
  return std::none_of(folders_.begin(), folders_.end(),
                      [&](const auto& folder) { return folder.second.client == peer; });
}

void ArtifactServer::Core::take_in(UniqueFd socket, const IpAddress& peer) {
  const bool stranger = is_stranger(peer);
  if (!connections_.has_room(peer, stranger)) return send_away(std::move(socket), peer);
  if (!connections_.add(socket.get(), peer, stranger, loop_.monotonic())) return send_away(std::move(socket), peer);
  const int number = socket.get();
  if (!daemon_->add(std::move(socket), peer)) connections_.closing(number);
  arm_sweep();
}

void ArtifactServer::Core::send_away(UniqueFd socket, const IpAddress& peer) {
  ++shed_;
  for (const auto& [id, folder] : folders_) {
    if (folder.client == peer) letters_.push_back({id, Shed{}});
  }
  if (!letters_.empty() && !tell_timer_.armed()) tell_timer_ = loop_.after(milliseconds(0), [this] { tell(); });
  ::send(socket.get(), kSentAway.data(), kSentAway.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  ::shutdown(socket.get(), SHUT_WR);
  if (sent_away_.size() >= kMaxSentAway) sent_away_.pop_front();
  sent_away_.push_back({std::move(socket), loop_.monotonic() + kSentAwayTime});
  arm_sweep();
}

std::optional<ArtifactServer::Core::Found> ArtifactServer::Core::find(std::string_view path,
                                                                      const IpAddress& peer) const {
  if (path.size() < kTokenSize + 3 || path.front() != '/' || path[kTokenSize + 1] != '/') return std::nullopt;
  const auto id = by_token_.find(std::string(path.substr(1, kTokenSize)));
  if (id == by_token_.end()) return std::nullopt;
  const auto& folder = folders_.at(id->second);
  if (folder.client != peer) return std::nullopt;
  const auto name = path.substr(kTokenSize + 2);
  const auto file = std::find_if(folder.files.begin(), folder.files.end(),
                                 [&](const ServedFile& served) { return served.name == name; });
  if (file == folder.files.end()) return std::nullopt;
  return Found{id->second, &*file};
}

MHD_Result ArtifactServer::Core::on_request(MHD_Connection* connection, std::string_view path, std::string_view method,
                                            std::uintptr_t& context) {
  const bool head_only = method == MHD_HTTP_METHOD_HEAD;
  if (!head_only && method != MHD_HTTP_METHOD_GET) return refuse_method(connection);
  const auto peer = connections_.peer_of(MhdDaemon::socket_of(connection));
  const auto found = peer ? find(path, *peer) : std::nullopt;
  if (!found) return MHD_queue_response(connection, MHD_HTTP_NOT_FOUND, not_found_.get());
  letters_.push_back({found->folder, read_request(connection, *found->file, head_only)});
  return send_file(connection, *found, head_only, context);
}

MHD_Result ArtifactServer::Core::refuse_method(MHD_Connection* connection) {
  const auto response = text_answer("only GET and HEAD\n");
  MHD_add_response_header(response.get(), MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
  return MHD_queue_response(connection, MHD_HTTP_METHOD_NOT_ALLOWED, response.get());
}

MHD_Result ArtifactServer::Core::send_file(MHD_Connection* connection, const Found& found, bool head_only,
                                           std::uintptr_t& context) {
  const ServedFile& file = *found.file;
  const auto range = wanted_range(connection, file, head_only);
  if (std::holds_alternative<NotSatisfiable>(range)) {
    return MHD_queue_response(connection, MHD_HTTP_RANGE_NOT_SATISFIABLE, range_refusal(file).get());
  }
  const auto* const asked = std::get_if<FilePart>(&range);
  const FilePart part = asked != nullptr ? *asked : FilePart{0, file.length - 1};
  const auto response = file_answer(file, part, asked != nullptr);
  if (!response) return MHD_NO;
  if (!head_only) {
    context = connections_.begin(MhdDaemon::socket_of(connection),
                                 {found.folder, file.name, part, file.length, file.fd}, loop_.monotonic());
  }
  return MHD_queue_response(connection, asked != nullptr ? MHD_HTTP_PARTIAL_CONTENT : MHD_HTTP_OK, response.get());
}

void ArtifactServer::Core::turn_over() {
  if (answered_) return sweep();
  arm_sweep();
  tell();
}

void ArtifactServer::Core::sweep() {
  answered_ = false;
  sweep_timer_.cancel();
  const auto now = loop_.monotonic();
  for (auto& report : connections_.sweep(now)) {
    const auto folder = report.answer.folder;
    letters_.push_back({folder, std::move(report)});
  }
  while (!sent_away_.empty() && sent_away_.front().until <= now) sent_away_.pop_front();
  arm_sweep();
  tell();
}

void ArtifactServer::Core::arm_sweep() {
  auto interval = connections_.sweep_interval();
  if (!interval && !sent_away_.empty()) interval = kSentAwayTime;
  if (!interval) return sweep_timer_.cancel();
  if (!sweep_timer_.armed()) sweep_timer_ = loop_.after(*interval, [this] { sweep(); });
}

void ArtifactServer::Core::tell() {
  const auto alive = shared_from_this();
  tell_timer_.cancel();
  while (!letters_.empty()) {
    const Letter letter = std::move(letters_.front());
    letters_.pop_front();
    const auto folder = folders_.find(letter.folder);
    if (folder == folders_.end()) continue;
    const auto events = folder->second.events;
    tell_one(*events, letter.news);
  }
}

void ArtifactServer::Core::tell_one(const ServeEvents& events, const News& news) {
  if (const auto* request = std::get_if<ServedRequest>(&news); request != nullptr && events.on_request) {
    events.on_request(*request);
  }
  if (std::holds_alternative<Shed>(news) && events.on_shed) events.on_shed();
  const auto* const report = std::get_if<AnswerReport>(&news);
  if (report == nullptr) return;
  const auto& [folder, name, part, length, file] = report->answer;
  if (report->acknowledged > 0 && events.on_progress) events.on_progress(name, part.first + report->acknowledged);
  // The first event may have closed the folder.
  if (report->over && events.on_done && folders_.contains(folder)) {
    events.on_done({name, part.first, part.last + 1, length, report->delivered});
  }
}

class ArtifactServer::Folder::Link {
 public:
  Link(std::weak_ptr<Core> core, std::uint64_t id) : core_(std::move(core)), id_(id) {}
  ~Link() {
    if (const auto core = core_.lock()) core->close_folder(id_);
  }
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  Status give_to(const std::string& client_ip) const {
    const auto core = core_.lock();
    return core ? core->give_folder(id_, client_ip) : Status();
  }

 private:
  std::weak_ptr<Core> core_;
  std::uint64_t id_;
};

ArtifactServer::Folder::Folder() = default;
ArtifactServer::Folder::Folder(std::unique_ptr<Link> link) : link_(std::move(link)) {}
ArtifactServer::Folder::Folder(Folder&&) noexcept = default;
ArtifactServer::Folder& ArtifactServer::Folder::operator=(Folder&&) noexcept = default;
ArtifactServer::Folder::~Folder() = default;

Status ArtifactServer::Folder::give_to(const std::string& client_ip) {
  return link_ ? link_->give_to(client_ip) : Status();
}

ArtifactServer::ArtifactServer(std::shared_ptr<Core> core) : core_(std::move(core)) {}
ArtifactServer::~ArtifactServer() { core_->close(); }

Result<std::unique_ptr<ArtifactServer>> ArtifactServer::open(EventLoop& loop,
                                                             const std::vector<ListenAddress>& addresses,
                                                             const ServerLimits& limits) {
  auto core = std::make_shared<Core>(loop, limits);
  TRY(core->start(static_cast<unsigned>(limits.connections)));
  TRY(core->listeners().listen_on(addresses));
  return std::unique_ptr<ArtifactServer>(new ArtifactServer(std::move(core)));
}

std::string ArtifactServer::new_token() { return random_token(kTokenBytes); }

Result<ArtifactServer::Folder> ArtifactServer::serve(const std::string& token, const std::string& client_ip,
                                                     const std::vector<ServedFile>& files, ServeEvents events) {
  const auto id = TRY(core_->open_folder(token, client_ip, files, std::move(events)));
  return Folder(std::make_unique<Folder::Link>(core_, id));
}

Result<std::string> ArtifactServer::url_for(const std::string& token, const std::string& name,
                                            const std::string& client_ip) const {
  const auto client = TRY(IpAddress::parse(client_ip));
  const auto address = TRY(core_->listeners().reachable_from(client));
  std::string url = fmt::format("http://{}/{}/{}", address, token, name);
  if (url.size() > kMaxUrl) {
    return fail(Errc::too_large, fmt::format("the address {} has {} characters; devices take at most {}: use a shorter "
                                             "file name",
                                             printable(url), url.size(), kMaxUrl));
  }
  return url;
}

Status ArtifactServer::listen_on(const std::vector<ListenAddress>& addresses) {
  return core_->listeners().listen_on(addresses);
}

std::vector<ListenAddress> ArtifactServer::listening() const { return core_->listeners().bound(); }

std::uint64_t ArtifactServer::shed() const { return core_->shed(); }

}  // namespace homepatch
