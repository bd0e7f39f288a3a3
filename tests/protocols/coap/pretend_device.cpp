#include "pretend_device.hpp"

#include <arpa/inet.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cstdlib>
#include <utility>

namespace homepatch::coap::test {

namespace {

sockaddr_in address_of(const std::string& ip, std::uint16_t port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(port);
  ::inet_pton(AF_INET, ip.c_str(), &out.sin_addr);
  return out;
}

constexpr unsigned kNone = 65536;  // no content format
constexpr std::array<std::string_view, 5> kMethods{"?", "GET", "POST", "PUT", "DELETE"};

}  // namespace

PretendDevice::PretendDevice(EventLoop& loop, std::string ip, std::uint16_t server_port, std::string server_ip)
    : loop_(loop), ip_(std::move(ip)), server_ip_(std::move(server_ip)), server_port_(server_port) {
  resources = {{"/3/0/0", {"Acme"}}, {"/3/0/1", {"Lamp"}}, {"/3/0/3", {"1.0.0"}}, {"/3/0/18", {"rev-b"}},
               {"/5/0/3", {"0"}},    {"/5/0/5", {"0"}},    {"/5/0/9", {"2"}}};
  open();
}

void PretendDevice::open() {
  watch_.cancel();
  socket_ = UniqueFd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const auto local = address_of(ip_, 0);
  if (::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&local), sizeof local) != 0) std::abort();
  watch_ = loop_.watch(socket_.get(), EPOLLIN, [this](std::uint32_t) { receive(); }).value();
}

std::uint16_t PretendDevice::port() const {
  sockaddr_in local{};
  socklen_t size = sizeof local;
  ::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&local), &size);
  return ntohs(local.sin_port);
}

void PretendDevice::reboot() {
  open();
  observers_.clear();
  transfer_token_.reset();
  transfer_closed_ = false;
}

void PretendDevice::send(const Datagram& message) {
  const auto to = address_of(server_ip_, server_port_);
  const auto bytes = message.encode();
  [[maybe_unused]] const auto sent =
      ::sendto(socket_.get(), bytes.data(), bytes.size(), 0, reinterpret_cast<const sockaddr*>(&to), sizeof to);
}

std::string PretendDevice::request(unsigned code, const std::string& path, const std::vector<std::string>& query,
                                   const std::string& payload, std::optional<unsigned> format) {
  Datagram out;
  out.code = code;
  out.id = next_id_++;
  out.token = "t" + std::to_string(next_token_++);
  std::string_view rest(path);
  while (!rest.empty()) {
    rest.remove_prefix(1);
    const auto end = rest.find('/');
    out.options.emplace_back(kUriPath, rest.substr(0, end));
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end);
  }
  if (format && !payload.empty()) out.options.emplace_back(kContentFormat, uint_bytes(*format));
  for (const auto& item : query) out.options.emplace_back(kUriQuery, item);
  out.payload = payload;
  send(out);
  return out.token;
}

std::string PretendDevice::register_as(const std::string& endpoint, const std::string& more, const std::string& links) {
  std::vector<std::string> query{"ep=" + endpoint};
  std::string_view rest(more);
  while (!rest.empty()) {
    const auto end = rest.find('&');
    query.emplace_back(rest.substr(0, end));
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  }
  return request(2, "/rd", query, links);
}

std::string PretendDevice::update(const std::vector<std::string>& query, const std::string& payload) {
  return request(2, location, query, payload);
}

void PretendDevice::notify(const std::string& path, const std::string& value) {
  resources[path].value = value;
  const auto observer = observers_.find(path);
  if (observer == observers_.end()) return;
  Datagram out;
  out.type = Type::confirmable;
  out.code = 205;
  out.id = next_id_++;
  out.token = observer->second.first;
  out.options = {{kObserve, uint_bytes(++observer->second.second)}, {kContentFormat, uint_bytes(0)}};
  out.payload = value;
  send(out);
}

void PretendDevice::receive() {
  std::array<char, 2048> buffer{};
  while (true) {
    const auto size = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (size < 0) return;
    const auto message = Datagram::decode({buffer.data(), static_cast<std::size_t>(size)});
    if (!message) continue;
    if (message->type == Type::reset) {
      ++rejected["reset"];
    } else if (message->code >= 200) {
      answers[message->token] = *message;
      ++answers_count;
      const auto segments = message->all(kLocationPath);
      if (message->code == 201 && segments.size() == 2) location = "/" + segments[0] + "/" + segments[1];
    } else if (message->code > 0) {
      take_request(*message);
    }
  }
}

void PretendDevice::take_request(const Datagram& request) {
  const auto path = request.path();
  asked.push_back(std::string(kMethods.at(request.code < 5 ? request.code : 0)) + " " + path);
  seen.push_back(request);
  if (seen.size() > 8) seen.pop_front();
  if (deaf) return;
  if (!challenge.empty() && (never_satisfied || request.option(kEcho) != challenge)) {
    return answer(request, 401, {{kEcho, challenge}});
  }
  if (request.code == 1) return get(request);
  if (request.code == 3) return put(request);
  if (request.code == 2) return execute(request);
  answer(request, 405);
}

void PretendDevice::get(const Datagram& request) {
  const auto found = resources.find(request.path());
  if (found == resources.end()) return answer(request, 404);
  if (refuses_accept && request.option(kAccept)) return answer(request, 406);
  if (const auto wanted = found->second.by_accept.find(request.number(kAccept).value_or(kNone));
      wanted != found->second.by_accept.end()) {
    return answer(request, 205, {{kContentFormat, uint_bytes(wanted->first)}}, wanted->second);
  }
  if (block_answers_of > 0) return get_block(request, found->second);
  std::vector<std::pair<unsigned, std::string>> options;
  if (observable && request.number(kObserve) == 0U) {
    observers_[request.path()] = {request.token, 1};
    options.emplace_back(kObserve, uint_bytes(1));
  }
  options.emplace_back(kContentFormat, uint_bytes(found->second.format));
  answer(request, 205, std::move(options), found->second.value);
}

void PretendDevice::get_block(const Datagram& request, const Resource& found) {
  const unsigned number = request.number(kBlock2).value_or(0) >> 4U;
  const std::size_t offset = std::size_t{number} * block_answers_of;
  unsigned exponent = 0;
  while ((16U << exponent) < block_answers_of) ++exponent;
  const bool more = offset + block_answers_of < found.value.size();
  const std::string etag = changes_etag ? std::to_string(number) : "e";
  answer(request, 205,
         {{kEtag, etag},
          {kContentFormat, uint_bytes(found.format)},
          {kBlock2, uint_bytes((number << 4U) | (more ? 8U : 0U) | exponent)}},
         found.value.substr(offset, block_answers_of));
}

void PretendDevice::put(const Datagram& request) {
  if (request.path() == "/5/0/1") {
    if (request.payload.empty() && uri_write_resets) reset_package();
    return answer(request, 204);
  }
  if (request.path() != "/5/0/0") return answer(request, 405);
  if (request.payload == std::string(1, '\0') && !request.option(kBlock1)) {
    if (nul_write_resets) reset_package();
    return answer(request, 204);
  }
  take_block(request);
}

void PretendDevice::reset_package() {
  const bool downloading = resources["/5/0/3"].value == std::to_string(idle_number + 1);
  if (downloading && idle_number == 0 && !resets_in_downloading) return;
  ++resets;
  image.clear();
  set_state(std::to_string(idle_number));
  set_result("0");
}

void PretendDevice::take_block(const Datagram& request) {
  const unsigned value = request.number(kBlock1).value_or(6);
  const unsigned number = value >> 4U;
  const bool more = (value & 8U) != 0;
  const unsigned exponent = value & 7U;
  const std::size_t offset = std::size_t{number} << (exponent + 4U);
  const auto echo = std::pair<unsigned, std::string>(kBlock1, uint_bytes(value));
  if (request.payload.size() > deaf_above) return;
  if (deaf_from_block && number >= *deaf_from_block) return;
  if (reset_at_block == number) {
    Datagram out;
    out.type = Type::reset;
    out.id = request.id;
    return send(out);
  }
  if (refuses_format && request.option(kContentFormat)) return answer(request, 415, {echo});
  if (request.payload.size() > largest_block) return answer(request, 413);
  if (busy_at_block == number) {
    busy_at_block.reset();
    return answer(request, 503, {{kMaxAge, uint_bytes(1)}, echo});
  }
  if (lose_at_block == number) {
    lose_at_block.reset();
    return answer(request, 408, {echo});
  }
  if (number == 0) {
    image.clear();
    transfer_token_ = request.token;
    transfer_closed_ = false;
    if (!stays_idle_until_whole) set_state(std::to_string(idle_number + 1));
  }
  if (transfer_closed_ || (token_bound && transfer_token_ != request.token)) return answer(request, 404);
  if (offset != image.size()) return answer(request, 408, {echo});
  image += request.payload;
  ++blocks;
  largest_seen = std::max(largest_seen, request.payload.size());
  if (on_block) on_block();
  if (!more) return whole(request);
  const unsigned told = std::min(preferred_exponent, exponent);
  answer(request, 231, {{kBlock1, uint_bytes((number << 4U) | 8U | told)}});
}

void PretendDevice::whole(const Datagram& request) {
  set_state(whole_state);
  set_result(whole_result);
  transfer_closed_ = true;
  if (loses_last_answer) {
    loses_last_answer = false;
    return;
  }
  answer(request, 204, {{kBlock1, uint_bytes(request.number(kBlock1).value_or(0))}});
}

void PretendDevice::execute(const Datagram& request) {
  if (request.path() != "/5/0/2") return answer(request, 405);
  if (resources["/5/0/3"].value != std::to_string(idle_number + 2)) return answer(request, 405);
  ++updates_executed;
  set_state(std::to_string(idle_number + 3));
  if (heeds_update) answer(request, 204);
}

void PretendDevice::answer(const Datagram& request, unsigned code,
                           std::vector<std::pair<unsigned, std::string>> options, std::string payload) {
  Datagram out;
  out.type = Type::acknowledgement;
  out.id = request.id;
  if (separate_answers) {
    send(out);
    out.type = Type::confirmable;
    out.id = next_id_++;
  }
  out.code = code;
  out.token = request.token;
  out.options = std::move(options);
  out.payload = std::move(payload);
  send(out);
}

}  // namespace homepatch::coap::test
