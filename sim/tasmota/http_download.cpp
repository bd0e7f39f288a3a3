#include "sim/tasmota/http_download.hpp"

#include <strings.h>
#include <sys/epoll.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace homepatch::sim {

namespace {

// HTTPUpdateLight gives up after eight seconds without a byte.
constexpr long kStallSeconds = 8;
constexpr long kConnectMilliseconds = 8000;
constexpr long kMinPiece = 1024;
constexpr long kMaxPiece = 16384;

bool is_name(std::string_view header, std::string_view name) {
  return header.size() == name.size() && ::strncasecmp(header.data(), name.data(), name.size()) == 0;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == '\r' || text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  return text;
}

}  // namespace

class HttpClient::Transfer final : public HttpDownload {
 public:
  Transfer(EventLoop& loop, CURLM* multi, const HttpOrder& order, HttpEvents events)
      : loop_(loop), multi_(multi), events_(std::move(events)), rate_(order.bytes_per_second) {
    for (const auto& header : order.headers) headers_ = curl_slist_append(headers_, header.c_str());
    const auto set = [this](CURLoption option, auto value) { curl_easy_setopt(easy_, option, value); };
    set(CURLOPT_PRIVATE, this);
    set(CURLOPT_URL, order.url.c_str());
    set(CURLOPT_PROTOCOLS_STR, "http");
    set(CURLOPT_PROXY, "");
    set(CURLOPT_INTERFACE, ("host!" + order.source_address).c_str());
    set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_0));
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_FRESH_CONNECT, 1L);
    set(CURLOPT_FORBID_REUSE, 1L);
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_QUICK_EXIT, 1L);
    set(CURLOPT_CONNECTTIMEOUT_MS, kConnectMilliseconds);
    set(CURLOPT_LOW_SPEED_LIMIT, 1L);
    set(CURLOPT_LOW_SPEED_TIME, kStallSeconds);
    set(CURLOPT_BUFFERSIZE, rate_ == 0 ? kMaxPiece : std::clamp(static_cast<long>(rate_ / 10), kMinPiece, kMaxPiece));
    set(CURLOPT_HTTPHEADER, headers_);
    set(CURLOPT_HEADERFUNCTION, &Transfer::on_header);
    set(CURLOPT_HEADERDATA, this);
    set(CURLOPT_WRITEFUNCTION, &Transfer::on_body);
    set(CURLOPT_WRITEDATA, this);
    curl_multi_add_handle(multi_, easy_);
  }
  ~Transfer() override {
    curl_multi_remove_handle(multi_, easy_);
    curl_easy_cleanup(easy_);
    curl_slist_free_all(headers_);
  }
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  void finish(CURLcode code) {
    if (!events_.done) return;
    // The callback may destroy this transfer, and with it the function that is running.
    const auto done = std::exchange(events_.done, nullptr);
    const auto head = head_;
    done(head, code == CURLE_OK ? "" : curl_easy_strerror(code));
  }

 private:
  static std::size_t on_header(const char* data, std::size_t, std::size_t size, void* self) noexcept {
    static_cast<Transfer*>(self)->take_header({data, size});
    return size;
  }
  static std::size_t on_body(const char* data, std::size_t, std::size_t size, void* self) noexcept {
    auto& transfer = *static_cast<Transfer*>(self);
    if (transfer.comes_too_early(size)) return CURL_WRITEFUNC_PAUSE;
    return transfer.take_body({data, size}) ? size : 0;
  }

  // libcurl's own limit (CURLOPT_MAX_RECV_SPEED_LARGE, 7.88) lets the first 1.6 MB through at once.
  bool comes_too_early(std::size_t size) {
    if (rate_ == 0) return false;
    const auto now = loop_.monotonic();
    if (taken_ == 0) begun_ = now;
    const auto due = begun_ + std::chrono::milliseconds(taken_ * 1000 / rate_);
    if (now >= due) {
      taken_ += size;
      return false;
    }
    pause_ = loop_.after(due - now, [this] {
      if (const auto code = curl_easy_pause(easy_, CURLPAUSE_CONT); code != CURLE_OK) finish(code);
    });
    return true;
  }

  void take_header(std::string_view line) {
    long status = 0;
    curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
    head_.status = static_cast<int>(status);
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return;
    const auto name = line.substr(0, colon);
    const auto value = trimmed(line.substr(colon + 1));
    if (is_name(name, "x-MD5")) head_.md5 = value;
    if (is_name(name, "Transfer-Encoding")) head_.chunked = true;
    if (is_name(name, "Content-Length")) {
      std::uint64_t length = 0;
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), length);
      if (error == std::errc() && end == value.data() + value.size()) head_.length = length;
    }
  }

  bool take_body(std::string_view bytes) {
    if (!head_told_) {
      head_told_ = true;
      if (!events_.head(head_)) return false;
    }
    return events_.body(bytes);
  }

  EventLoop& loop_;
  CURLM* multi_;
  HttpEvents events_;
  std::uint64_t rate_;  // bytes a second, 0: no limit
  std::uint64_t taken_ = 0;
  std::chrono::milliseconds begun_{0};
  Timer pause_;
  CURL* easy_ = curl_easy_init();
  curl_slist* headers_ = nullptr;
  HttpHead head_;
  bool head_told_ = false;
};

Result<std::unique_ptr<HttpClient>> HttpClient::open(EventLoop& loop) {
  static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
  std::unique_ptr<HttpClient> client(new HttpClient(loop));
  client->multi_ = curl_multi_init();
  if (initialised != CURLE_OK || client->multi_ == nullptr) return fail(Errc::internal, "libcurl does not start");
  curl_multi_setopt(client->multi_, CURLMOPT_SOCKETFUNCTION, &HttpClient::on_socket);
  curl_multi_setopt(client->multi_, CURLMOPT_SOCKETDATA, client.get());
  curl_multi_setopt(client->multi_, CURLMOPT_TIMERFUNCTION, &HttpClient::on_timer);
  curl_multi_setopt(client->multi_, CURLMOPT_TIMERDATA, client.get());
  return client;
}

HttpClient::~HttpClient() { curl_multi_cleanup(multi_); }

std::unique_ptr<HttpDownload> HttpClient::get(const HttpOrder& order, HttpEvents events) {
  return std::make_unique<Transfer>(loop_, multi_, order, std::move(events));
}

int HttpClient::on_socket(CURL*, curl_socket_t fd, int what, void* self, void*) noexcept {
  static_cast<HttpClient*>(self)->follow(fd, what);
  return 0;
}

int HttpClient::on_timer(CURLM*, long milliseconds, void* self) noexcept {
  auto& client = *static_cast<HttpClient*>(self);
  if (milliseconds < 0) {
    client.timer_.cancel();
  } else {
    client.timer_ =
        client.loop_.after(std::chrono::milliseconds(milliseconds), [&client] { client.act(CURL_SOCKET_TIMEOUT, 0); });
  }
  return 0;
}

void HttpClient::follow(curl_socket_t fd, int what) {
  if (what == CURL_POLL_REMOVE) {
    watches_.erase(fd);
    return;
  }
  const auto events = ((what & CURL_POLL_IN) != 0 ? std::uint32_t{EPOLLIN} : 0U) |
                      ((what & CURL_POLL_OUT) != 0 ? std::uint32_t{EPOLLOUT} : 0U);
  if (const auto found = watches_.find(fd); found != watches_.end()) return found->second.set_events(events);
  auto watch = loop_.watch(fd, events, [this, fd](std::uint32_t came) {
    const bool broken = (came & (EPOLLERR | EPOLLHUP)) != 0;
    act(fd, ((came & EPOLLIN) != 0 ? CURL_CSELECT_IN : 0) | ((came & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0) |
                (broken ? CURL_CSELECT_ERR : 0));
  });
  if (watch) watches_.emplace(fd, std::move(*watch));
}

void HttpClient::act(curl_socket_t fd, int events) {
  int running = 0;
  curl_multi_socket_action(multi_, fd, events, &running);
  collect();
}

void HttpClient::collect() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;
    Transfer* transfer = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
    transfer->finish(code);
  }
}

}  // namespace homepatch::sim
