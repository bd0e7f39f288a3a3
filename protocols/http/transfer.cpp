#include "protocols/http/transfer.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "protocols/http/ip_address.hpp"

namespace homepatch {

namespace {

using std::chrono::milliseconds;

constexpr long kConnectSeconds = 30;        // name lookup, TCP and TLS together
constexpr long kReceiveBuffer = 64 * 1024;  // also the largest piece on_bytes gets

template <typename Value>
void set(CURL* easy, CURLoption option, Value value) {
  curl_easy_setopt(easy, option, value);
}

bool may_stand_in_header(std::string_view text) {
  return text.size() <= ResponseHead::kMaxValidator &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
}

Unexpected plain_http_refused(const Url& url) {
  return fail(Errc::not_authorised, fmt::format("{} is outside the home: use https:// for it", url.authority()));
}

}  // namespace

Transfer::Transfer(FetchRequest request, FetchEvents events, const Setup& setup)
    : request_(std::move(request)),
      events_(std::move(events)),
      easy_(curl_easy_init()),
      redirects_left_(setup.max_redirects) {
  set_fixed_options(setup);
}

void Transfer::set_fixed_options(const Setup& setup) {
  CURL* const easy = easy_.get();
  set(easy, CURLOPT_ERRORBUFFER, curl_text_.data());
  set(easy, CURLOPT_QUICK_EXIT, 1L);  // else dropping it joins the thread of a resolver that does not answer
  set(easy, CURLOPT_NOSIGNAL, 1L);
  set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  set(easy, CURLOPT_FOLLOWLOCATION, 0L);
  set(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(easy, CURLOPT_PROXY, "");
  set(easy, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  set(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  set(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  set(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!setup.ca_file.empty()) {
    set(easy, CURLOPT_CAINFO, setup.ca_file.c_str());
    set(easy, CURLOPT_CAPATH, nullptr);
  }
  set(easy, CURLOPT_USERAGENT, setup.user_agent.c_str());
  set(easy, CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  set(easy, CURLOPT_BUFFERSIZE, kReceiveBuffer);
  set(easy, CURLOPT_HEADERFUNCTION, &Transfer::on_header);
  set(easy, CURLOPT_HEADERDATA, this);
  set(easy, CURLOPT_WRITEFUNCTION, &Transfer::on_body);
  set(easy, CURLOPT_WRITEDATA, this);
  set(easy, CURLOPT_OPENSOCKETFUNCTION, &Transfer::on_open_socket);
  set(easy, CURLOPT_OPENSOCKETDATA, this);
  set(easy, CURLOPT_PREREQFUNCTION, &Transfer::on_request);
  set(easy, CURLOPT_PREREQDATA, this);
  set(easy, CURLOPT_PRIVATE, this);
}

Status Transfer::begin(milliseconds now) {
  url_ = TRY(parse_url(request_.url));
  origin_ = url_;
  deadline_ = now + request_.total_limit;
  if (!may_stand_in_header(request_.if_range) || !may_stand_in_header(request_.if_none_match)) {
    return fail(Errc::invalid_argument, "an ETag or date kept for " + url_.authority() + " cannot be sent back");
  }
  const bool weak = request_.if_range.starts_with("W/");
  asked_ = {request_.resume_from > 0 && !weak, request_.resume_from, request_.if_range,
            !request_.if_none_match.empty()};
  set_headers();
  return set_hop_options(now);
}

void Transfer::set_headers() {
  curl_slist* list = nullptr;
  if (asked_.range) {
    list = curl_slist_append(list, fmt::format("Range: bytes={}-", asked_.from).c_str());
    if (!asked_.if_range.empty()) list = curl_slist_append(list, ("If-Range: " + asked_.if_range).c_str());
  }
  if (asked_.unless_same) list = curl_slist_append(list, ("If-None-Match: " + request_.if_none_match).c_str());
  headers_.reset(list);
  set(easy_.get(), CURLOPT_HTTPHEADER, headers_.get());
}

Status Transfer::check_hop() const {
  if (!host_allowed(url_, origin_, request_.allowed_hosts)) {
    return fail(Errc::not_authorised,
                fmt::format("{} is not among the hosts that may be asked for this; add it to the feed's allowed hosts "
                            "if it is right",
                            url_.authority()));
  }
  if (url_.secure || request_.allow_plain_http_to_wan) return {};
  // A name is judged by the addresses it stands for, when they are known: may_connect().
  if (const auto literal = IpAddress::parse(url_.host); literal && !literal->is_at_home()) {
    return plain_http_refused(url_);
  }
  return {};
}

Status Transfer::set_hop_options(milliseconds now) {
  if (auto allowed = check_hop(); !allowed) return allowed;
  const auto left = deadline_ - now;
  if (left <= milliseconds::zero()) return fail(describe_timeout());
  CURL* const easy = easy_.get();
  set(easy, CURLOPT_URL, url_.text.c_str());
  set(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(left.count()));
  set(easy, CURLOPT_LOW_SPEED_LIMIT, static_cast<long>(request_.low_speed_bytes));
  set(easy, CURLOPT_LOW_SPEED_TIME, static_cast<long>(request_.low_speed_time.count()));
  head_ = ResponseHead();
  drained_ = 0;
  kept_home_ = false;
  curl_text_[0] = '\0';
  return {};
}

std::size_t Transfer::on_header(char* bytes, std::size_t size, std::size_t count, void* self) noexcept {
  return static_cast<Transfer*>(self)->take_header({bytes, size * count}) ? size * count : 0;
}

std::size_t Transfer::on_body(char* bytes, std::size_t size, std::size_t count, void* self) noexcept {
  const std::span body(reinterpret_cast<const std::uint8_t*>(bytes), size * count);
  return static_cast<Transfer*>(self)->take_body(body) ? body.size() : 0;
}

bool Transfer::refuse(Error error) {
  error_ = std::move(error);
  return false;
}

bool Transfer::take_header(std::string_view line) {
  if (silent_) return false;
  if (!head_.add(line)) {
    return refuse({Errc::too_large, fmt::format("{} answered with more than {} bytes of headers", url_.authority(),
                                                ResponseHead::kMaxBytes)});
  }
  return !head_.complete() || response_ || error_ || head_.is_redirect() ? true : take_head();
}

bool Transfer::take_head() {
  auto judged = head_.judge(url_, asked_, request_.max_bytes);
  if (!judged) {
    error_ = std::move(judged).error();
    return head_.is_short_refusal();
  }
  response_ = *judged;
  const auto agreed = events_.on_response ? events_.on_response(*response_) : Status();
  return agreed ? !silent_ : refuse(agreed.error());
}

bool Transfer::take_body(std::span<const std::uint8_t> bytes) {
  if (silent_) return false;
  if (!response_) return (drained_ += bytes.size()) <= ResponseHead::kMaxShortBody;
  if (bytes.size() > request_.max_bytes - response_->offset - body_bytes_) {
    return refuse({Errc::too_large, fmt::format("{} sends more than {} bytes for {}; no more are taken",
                                                url_.authority(), request_.max_bytes, printable(url_.path, 120))});
  }
  body_bytes_ += bytes.size();
  const auto taken = events_.on_bytes ? events_.on_bytes(bytes) : Status();
  return taken ? !silent_ : refuse(taken.error());
}

bool Transfer::may_connect(const sockaddr* address) const {
  if (url_.secure || request_.allow_plain_http_to_wan) return true;
  const auto ip = IpAddress::of(address);
  return ip && ip->is_at_home();
}

curl_socket_t Transfer::on_open_socket(void* self, curlsocktype, curl_sockaddr* address) noexcept {
  auto& transfer = *static_cast<Transfer*>(self);
  if (transfer.may_connect(&address->addr)) {
    return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  }
  transfer.kept_home_ = true;
  return CURL_SOCKET_BAD;
}

// A connection that is used again was opened for a request that may have been allowed more than this one.
int Transfer::on_request(void* self, char* remote_ip, char*, int, int) noexcept {
  auto& transfer = *static_cast<Transfer*>(self);
  sockaddr_storage address{};
  const auto ip = IpAddress::parse(remote_ip);
  if (ip) ip->fill(address, 0);
  if (transfer.may_connect(reinterpret_cast<const sockaddr*>(&address))) return CURL_PREREQFUNC_OK;
  transfer.kept_home_ = true;
  return CURL_PREREQFUNC_ABORT;
}

bool Transfer::end_hop(CURLcode code, milliseconds now) {
  if (error_ || silent_) return false;
  if (head_.complete() && head_.is_redirect()) {  // its body may have been cut off: whatever libcurl says
    auto followed = follow(now);
    if (!followed) error_ = std::move(followed).error();
    return !error_;
  }
  if (code != CURLE_OK) error_ = describe(code);
  if (!response_ && !error_) error_ = Error{Errc::malformed, url_.authority() + " gave an answer without a head"};
  return false;
}

Status Transfer::follow(milliseconds now) {
  if (redirects_left_-- <= 0) {
    return fail(Errc::malformed, fmt::format("{} redirects again and again; given up", origin_.authority()));
  }
  if (head_.location().empty()) {
    return fail(Errc::malformed, fmt::format("{} redirects without saying where to", url_.authority()));
  }
  const std::string place = fmt::format("following a redirect of {}", url_.authority());
  const Url next = TRY_IN(place, resolve_url(url_, head_.location()));
  if (url_.secure && !next.secure) {
    return fail(Errc::not_authorised, fmt::format("{}: it leads from https to plain http, which anyone on the way "
                                                  "could read and change",
                                                  place));
  }
  url_ = next;
  TRY_IN(place, set_hop_options(now));
  return {};
}

Result<FetchResponse> Transfer::result() const {
  if (error_) return fail(*error_);
  return *response_;
}

LedgerEntry Transfer::ledger_entry() const {
  LedgerEntry entry;
  entry.host = url_.authority();
  entry.path = url_.path;
  entry.status = head_.status();
  curl_off_t body = 0;
  long head = 0;
  long sent = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_SIZE_DOWNLOAD_T, &body);
  curl_easy_getinfo(easy_.get(), CURLINFO_HEADER_SIZE, &head);
  curl_easy_getinfo(easy_.get(), CURLINFO_REQUEST_SIZE, &sent);
  entry.bytes_received = static_cast<std::uint64_t>(body) + static_cast<std::uint64_t>(head);
  entry.bytes_sent = static_cast<std::uint64_t>(sent);
  entry.validator_sent = asked_.unless_same || (asked_.range && !asked_.if_range.empty());
  return entry;
}

void Transfer::silence() { silent_ = true; }

Error Transfer::describe_timeout() const {
  if (body_bytes_ > 0 || response_) {
    return {Errc::unavailable, fmt::format("{} is too slow: {} bytes of {} came in the time allowed; it is tried "
                                           "again later",
                                           url_.authority(), body_bytes_, printable(url_.path, 120))};
  }
  return {Errc::unavailable,
          fmt::format("{} did not answer in the time allowed; check the gateway's connection and name service",
                      url_.authority())};
}

Error Transfer::describe(CURLcode code) const {
  const std::string host = url_.authority();
  const std::string detail = printable(curl_text_[0] != '\0' ? curl_text_.data() : curl_easy_strerror(code), 160);
  const auto text = [&](Errc kind, std::string_view what) {
    return Error{kind, fmt::format("{} {} ({})", host, what, detail)};
  };
  if (code == CURLE_OPERATION_TIMEDOUT) return describe_timeout();
  if (kept_home_) return plain_http_refused(url_).value();
  if (code == CURLE_COULDNT_RESOLVE_HOST) {
    return text(Errc::unavailable, "is not known to the name service; check its spelling and the gateway's DNS");
  }
  if (code == CURLE_COULDNT_CONNECT) return text(Errc::unavailable, "cannot be reached; it is tried again later");
  if (code == CURLE_PEER_FAILED_VERIFICATION) {
    // Not what was signed is at fault, only who serves it: a portal of the network in between, or a wrong clock.
    return text(Errc::unavailable,
                "cannot prove who it is with its certificate; check the gateway's clock and the server's certificate");
  }
  if (code == CURLE_SSL_CACERT_BADFILE) return text(Errc::io, "was not asked: the CA file cannot be read");
  if (code == CURLE_PARTIAL_FILE || code == CURLE_RECV_ERROR || code == CURLE_GOT_NOTHING || code == CURLE_SEND_ERROR ||
      code == CURLE_SSL_CONNECT_ERROR) {
    return text(Errc::unavailable, fmt::format("broke off after {} bytes; it is tried again later", body_bytes_));
  }
  if (code == CURLE_OUT_OF_MEMORY) return text(Errc::internal, "was not asked: no memory");
  return text(Errc::malformed, "does not answer as HTTP asks for");
}

}  // namespace homepatch
