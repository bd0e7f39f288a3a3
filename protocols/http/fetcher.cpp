#include "protocols/http/fetcher.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <unordered_map>
#include <vector>

#include "base/text.hpp"
#include "protocols/http/transfer.hpp"

namespace homepatch {

namespace {

constexpr std::string_view kOtherHosts = "other";

struct MultiCleanup {
  void operator()(CURLM* multi) const noexcept { curl_multi_cleanup(multi); }
};

Status start_libcurl() {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (started != CURLE_OK) return fail(Errc::internal, "libcurl cannot be started");
  const auto* about = curl_version_info(CURLVERSION_NOW);
  if ((static_cast<unsigned>(about->features) & CURL_VERSION_ASYNCHDNS) == 0U) {
    return fail(Errc::unsupported, "this libcurl looks names up in the calling thread: use Debian's, which does not");
  }
  return {};
}

std::uint32_t epoll_events(int what) {
  switch (what) {
    case CURL_POLL_IN: return EPOLLIN;
    case CURL_POLL_OUT: return EPOLLOUT;
    default: return EPOLLIN | EPOLLOUT;
  }
}

int curl_events(std::uint32_t events) {
  int out = 0;
  if ((events & (EPOLLIN | EPOLLHUP)) != 0U) out |= CURL_CSELECT_IN;
  if ((events & EPOLLOUT) != 0U) out |= CURL_CSELECT_OUT;
  if ((events & EPOLLERR) != 0U) out |= CURL_CSELECT_ERR;
  return out;
}

}  // namespace

// Shared with nobody but the turns that are under way: an event of a fetch may destroy the Fetcher.
class Fetcher::Core : public std::enable_shared_from_this<Core> {
 public:
  Core(EventLoop& loop, const FetcherOptions& options) : loop_(loop) {
    setup_.user_agent = user_agent();
    setup_.ca_file = options.ca_file;
    setup_.max_redirects = kMaxRedirects;
    curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETFUNCTION, &Core::on_socket);
    curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_.get(), CURLMOPT_TIMERFUNCTION, &Core::on_timer);
    curl_multi_setopt(multi_.get(), CURLMOPT_TIMERDATA, this);
    curl_multi_setopt(multi_.get(), CURLMOPT_MAX_TOTAL_CONNECTIONS, kMaxConnections);
    curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, kMaxConnections);
    curl_multi_setopt(multi_.get(), CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_NOTHING));
  }
  ~Core() {
    close();
    multi_.reset();  // closing its connections calls on_socket
  }
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  std::uint64_t start(FetchRequest request, FetchEvents events);
  void cancel(std::uint64_t id);
  void close();

  std::function<void(const LedgerEntry&)> ledger;
  std::map<std::string, HostTraffic> traffic;

 private:
  struct Running {
    std::uint64_t id;
    std::unique_ptr<Transfer> transfer;
    bool under_way = false;  // libcurl has it
  };

  static int on_socket(CURL*, curl_socket_t fd, int what, void* self, void*) noexcept;
  static int on_timer(CURLM*, long timeout_ms, void* self) noexcept;

  void turn(curl_socket_t fd, int events);
  void start_waiting();
  void collect_finished();
  void end_hop(Transfer& transfer, CURLcode code);
  void finish(std::uint64_t id, Result<FetchResponse> result);
  void account(const Transfer& transfer);

  EventLoop& loop_;
  Transfer::Setup setup_;
  std::unique_ptr<CURLM, MultiCleanup> multi_{curl_multi_init()};
  std::unordered_map<curl_socket_t, Watch> watches_;
  Timer curl_timer_;
  Timer start_timer_;
  std::vector<Running> running_;
  std::vector<std::unique_ptr<Transfer>> cancelled_;  // while libcurl calls us, its handles cannot be removed
  std::uint64_t next_id_ = 1;
  bool in_curl_ = false;
};

int Fetcher::Core::on_socket(CURL*, curl_socket_t fd, int what, void* self, void*) noexcept {
  auto& core = *static_cast<Core*>(self);
  if (what == CURL_POLL_REMOVE) {
    core.watches_.erase(fd);
    return 0;
  }
  if (auto found = core.watches_.find(fd); found != core.watches_.end()) {
    found->second.set_events(epoll_events(what));
    return 0;
  }
  auto watch = core.loop_.watch(fd, epoll_events(what),
                                [&core, fd](std::uint32_t events) { core.turn(fd, curl_events(events)); });
  if (!watch) return -1;
  core.watches_.emplace(fd, std::move(*watch));
  return 0;
}

int Fetcher::Core::on_timer(CURLM*, long timeout_ms, void* self) noexcept {
  auto& core = *static_cast<Core*>(self);
  core.curl_timer_.cancel();
  if (timeout_ms < 0) return 0;
  core.curl_timer_ =
      core.loop_.after(std::chrono::milliseconds(timeout_ms), [&core] { core.turn(CURL_SOCKET_TIMEOUT, 0); });
  return 0;
}

void Fetcher::Core::turn(curl_socket_t fd, int events) {
  const auto alive = shared_from_this();
  int still_running = 0;
  in_curl_ = true;
  curl_multi_socket_action(multi_.get(), fd, events, &still_running);
  in_curl_ = false;
  for (auto& transfer : std::exchange(cancelled_, {})) {
    account(*transfer);
    curl_multi_remove_handle(multi_.get(), transfer->handle());
  }
  collect_finished();
}

std::uint64_t Fetcher::Core::start(FetchRequest request, FetchEvents events) {
  const auto id = next_id_++;
  running_.push_back({id, std::make_unique<Transfer>(std::move(request), std::move(events), setup_)});
  if (!start_timer_.armed()) start_timer_ = loop_.after(std::chrono::milliseconds(0), [this] { start_waiting(); });
  return id;
}

void Fetcher::Core::start_waiting() {
  const auto alive = shared_from_this();
  start_timer_.cancel();
  std::vector<std::pair<std::uint64_t, Error>> refused;
  for (std::size_t i = 0; i < running_.size(); ++i) {
    if (running_[i].under_way) continue;
    auto begun = i < kMaxTransfers ? running_[i].transfer->begin(loop_.monotonic())
                                   : Status(fail(Errc::busy, "too many files are fetched at once; try again later"));
    if (!begun) {
      refused.emplace_back(running_[i].id, std::move(begun).error());
      continue;
    }
    running_[i].under_way = true;
    curl_multi_add_handle(multi_.get(), running_[i].transfer->handle());
  }
  for (auto& [id, error] : refused) finish(id, fail(std::move(error)));
}

void Fetcher::Core::collect_finished() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;
    Transfer* transfer = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
    end_hop(*transfer, code);
  }
}

void Fetcher::Core::end_hop(Transfer& transfer, CURLcode code) {
  account(transfer);
  curl_multi_remove_handle(multi_.get(), transfer.handle());
  if (transfer.end_hop(code, loop_.monotonic())) {
    curl_multi_add_handle(multi_.get(), transfer.handle());
    return;
  }
  const auto found = std::find_if(running_.begin(), running_.end(),
                                  [&](const Running& running) { return running.transfer.get() == &transfer; });
  if (found != running_.end()) finish(found->id, transfer.result());
}

void Fetcher::Core::finish(std::uint64_t id, Result<FetchResponse> result) {
  const auto found =
      std::find_if(running_.begin(), running_.end(), [&](const Running& running) { return running.id == id; });
  if (found == running_.end()) return;
  const auto transfer = std::move(found->transfer);
  running_.erase(found);
  if (transfer->events().done) transfer->events().done(std::move(result));
}

void Fetcher::Core::cancel(std::uint64_t id) {
  const auto found =
      std::find_if(running_.begin(), running_.end(), [&](const Running& running) { return running.id == id; });
  if (found == running_.end()) return;
  auto transfer = std::move(found->transfer);
  const bool under_way = found->under_way;
  running_.erase(found);
  if (!under_way) return;
  transfer->silence();
  if (in_curl_) {
    cancelled_.push_back(std::move(transfer));
    return;
  }
  account(*transfer);
  curl_multi_remove_handle(multi_.get(), transfer->handle());
}

void Fetcher::Core::close() {
  ledger = nullptr;
  start_timer_.cancel();
  while (!running_.empty()) cancel(running_.back().id);
}

void Fetcher::Core::account(const Transfer& transfer) {
  LedgerEntry entry = transfer.ledger_entry();
  entry.user_agent = setup_.user_agent;
  const bool room = traffic.size() < kMaxCountedHosts || traffic.contains(entry.host);
  auto& counted = traffic[room ? entry.host : std::string(kOtherHosts)];
  ++counted.requests;
  counted.bytes_received += entry.bytes_received;
  if (ledger) ledger(entry);
}

class FetchHandle::Link {
 public:
  Link(std::weak_ptr<Fetcher::Core> core, std::uint64_t id) : core_(std::move(core)), id_(id) {}
  ~Link() {
    if (const auto core = core_.lock()) core->cancel(id_);
  }
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

 private:
  std::weak_ptr<Fetcher::Core> core_;
  std::uint64_t id_;
};

FetchHandle::FetchHandle() = default;
FetchHandle::FetchHandle(std::unique_ptr<Link> link) : link_(std::move(link)) {}
FetchHandle::FetchHandle(FetchHandle&&) noexcept = default;
FetchHandle& FetchHandle::operator=(FetchHandle&&) noexcept = default;
FetchHandle::~FetchHandle() = default;

Fetcher::Fetcher(std::shared_ptr<Core> core) : core_(std::move(core)) {}
Fetcher::~Fetcher() { core_->close(); }

Result<std::unique_ptr<Fetcher>> Fetcher::open(EventLoop& loop, const FetcherOptions& options) {
  TRY(start_libcurl());
  return std::unique_ptr<Fetcher>(new Fetcher(std::make_shared<Core>(loop, options)));
}

FetchHandle Fetcher::stream(FetchRequest request, FetchEvents events) {
  const auto id = core_->start(std::move(request), std::move(events));
  return FetchHandle(std::make_unique<FetchHandle::Link>(core_, id));
}

FetchHandle Fetcher::fetch(FetchRequest request, std::function<void(Result<FetchedBody>)> done) {
  auto body = std::make_shared<FetchedBody>();
  FetchEvents events;
  events.on_bytes = [body, limit = request.max_bytes](std::span<const std::uint8_t> bytes) -> Status {
    const std::size_t needed = body->bytes.size() + bytes.size();
    // Doubling, but never beyond what may come.
    if (needed > body->bytes.capacity()) {
      body->bytes.reserve(std::min<std::uint64_t>(limit, std::max(needed, 2 * body->bytes.capacity())));
    }
    body->bytes.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return {};
  };
  events.done = [body, done = std::move(done)](Result<FetchResponse> result) {
    if (!result) return done(fail(std::move(result).error()));
    body->response = std::move(*result);
    done(std::move(*body));
  };
  return stream(std::move(request), std::move(events));
}

void Fetcher::set_ledger(std::function<void(const LedgerEntry&)> entry) { core_->ledger = std::move(entry); }

const std::map<std::string, HostTraffic>& Fetcher::traffic() const { return core_->traffic; }

std::string Fetcher::user_agent() { return "homepatch/" HOMEPATCH_VERSION; }

}  // namespace homepatch
