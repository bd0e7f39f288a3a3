#include "protocols/coap/pdu.hpp"

#include <array>
#include <cstring>

namespace homepatch::coap {

namespace {

std::string bytes_of(const coap_opt_t* option) {
  return {reinterpret_cast<const char*>(coap_opt_value(option)), coap_opt_length(option)};
}

// RFC 7252 section 3.2: an unsigned integer of 0..4 bytes, leading zeros allowed.
std::optional<std::uint32_t> number_of(const coap_opt_t* option) {
  const auto size = coap_opt_length(option);
  if (size > 4) return std::nullopt;
  std::uint32_t value = 0;
  for (std::uint32_t i = 0; i < size; ++i) value = (value << 8U) | coap_opt_value(option)[i];
  return value;
}

std::optional<ContentFormat> format_of(const coap_opt_t* option) {
  const auto value = number_of(option);
  if (!value || *value > 0xFFFF) return std::nullopt;
  return static_cast<ContentFormat>(*value);
}

std::optional<Block> block_of(const coap_opt_t* option) {
  const auto value = number_of(option);
  return value ? Block::decode(*value) : std::nullopt;
}

std::string payload_of(const coap_pdu_t* pdu) {
  std::size_t size = 0;
  const std::uint8_t* data = nullptr;
  if (coap_get_data(pdu, &size, &data) == 0 || data == nullptr) return {};
  return {reinterpret_cast<const char*>(data), size};
}

template <typename Visit>
void each_option(const coap_pdu_t* pdu, Visit visit) {
  coap_opt_iterator_t iterator{};
  if (coap_option_iterator_init(pdu, &iterator, COAP_OPT_ALL) == nullptr) return;
  while (const coap_opt_t* option = coap_option_next(&iterator)) visit(iterator.number, option);
}

// Adds options in the order of their numbers, as the wire wants them, and remembers whether all of them fitted.
class Writer {
 public:
  explicit Writer(coap_pdu_t* pdu) : pdu_(pdu) {}

  void add(coap_option_num_t option, const std::string& value) {
    fits_ =
        fits_ && coap_add_option(pdu_, option, value.size(), reinterpret_cast<const std::uint8_t*>(value.data())) > 0;
  }
  void add_if_any(coap_option_num_t option, const std::string& value) {
    if (!value.empty()) add(option, value);
  }
  void add_all(coap_option_num_t option, const Segments& values) {
    for (const auto& value : values) add(option, value);
  }
  void add(coap_option_num_t option, const std::optional<std::uint32_t>& value) {
    if (!value) return;
    std::array<std::uint8_t, 4> bytes{};
    const std::size_t size = coap_encode_var_safe(bytes.data(), bytes.size(), *value);
    fits_ = fits_ && coap_add_option(pdu_, option, size, bytes.data()) > 0;
  }
  void add(coap_option_num_t option, const std::optional<Block>& value) {
    if (value) add(option, std::optional<std::uint32_t>(value->encode()));
  }
  void payload(const std::string& value) {
    if (value.empty()) return;
    fits_ = fits_ && coap_add_data(pdu_, value.size(), reinterpret_cast<const std::uint8_t*>(value.data())) > 0;
  }
  [[nodiscard]] bool fits() const { return fits_; }

 private:
  coap_pdu_t* pdu_;
  bool fits_ = true;
};

}  // namespace

coap_address_t to_coap(const Address& address) {
  coap_address_t out;
  coap_address_init(&out);
  sockaddr_in6 socket_address{};
  out.size = address.fill(socket_address);
  std::memcpy(&out.addr, &socket_address, out.size);
  return out;
}

Route route_of(const coap_session_t* session) {
  Route out;
  out.remote = Address::from(&coap_session_get_addr_remote(session)->addr.sa).value_or(Address());
  out.local = Address::from(&coap_session_get_addr_local(session)->addr.sa).value_or(Address());
  out.interface = coap_session_get_ifindex(session);
  return out;
}

std::string token_of(const coap_pdu_t* pdu) {
  const auto token = coap_pdu_get_token(pdu);
  return {reinterpret_cast<const char*>(token.s), token.length};
}

Incoming read_request(const coap_session_t* session, const coap_pdu_t* pdu) {
  Incoming out;
  out.route = route_of(session);
  out.confirmable = coap_pdu_get_type(pdu) == COAP_MESSAGE_CON;
  out.message_id = static_cast<std::uint16_t>(coap_pdu_get_mid(pdu));
  out.token = token_of(pdu);
  out.method = static_cast<Code>(coap_pdu_get_code(pdu));
  each_option(pdu, [&out](coap_option_num_t number, const coap_opt_t* option) {
    switch (number) {
      case COAP_OPTION_URI_PATH: out.path.push_back(bytes_of(option)); break;
      case COAP_OPTION_URI_QUERY: out.query.push_back(bytes_of(option)); break;
      case COAP_OPTION_CONTENT_FORMAT: out.content_format = format_of(option); break;
      case COAP_OPTION_BLOCK1: out.block1 = block_of(option); break;
      case COAP_OPTION_BLOCK2: out.block2 = block_of(option); break;
      case COAP_OPTION_SIZE1: out.size1 = number_of(option); break;
      case COAP_OPTION_RTAG: out.request_tag += bytes_of(option); break;
      default: break;
    }
  });
  out.payload = payload_of(pdu);
  return out;
}

Response read_response(const coap_pdu_t* pdu) {
  Response out;
  out.status = static_cast<Code>(coap_pdu_get_code(pdu));
  each_option(pdu, [&out](coap_option_num_t number, const coap_opt_t* option) {
    switch (number) {
      case COAP_OPTION_ETAG: out.etag = bytes_of(option); break;
      case COAP_OPTION_OBSERVE: out.observe = number_of(option); break;
      case COAP_OPTION_CONTENT_FORMAT: out.content_format = format_of(option); break;
      case COAP_OPTION_MAXAGE: out.max_age = number_of(option); break;
      case COAP_OPTION_BLOCK1: out.block1 = block_of(option); break;
      case COAP_OPTION_BLOCK2: out.block2 = block_of(option); break;
      case COAP_OPTION_SIZE1: out.size1 = number_of(option); break;
      case COAP_OPTION_ECHO: out.echo = bytes_of(option); break;
      default: break;
    }
  });
  out.payload = payload_of(pdu);
  return out;
}

bool write_request(coap_pdu_t* pdu, const Request& request, const std::string& token) {
  if (coap_add_token(pdu, token.size(), reinterpret_cast<const std::uint8_t*>(token.data())) == 0) return false;
  Writer writer(pdu);
  writer.add(COAP_OPTION_OBSERVE, request.observe);
  writer.add_all(COAP_OPTION_URI_PATH, request.path);
  writer.add(COAP_OPTION_CONTENT_FORMAT, request.content_format);
  writer.add(COAP_OPTION_ACCEPT, request.accept);
  writer.add(COAP_OPTION_BLOCK2, request.block2);
  writer.add(COAP_OPTION_BLOCK1, request.block1);
  writer.add(COAP_OPTION_SIZE1, request.size1);
  writer.add_if_any(COAP_OPTION_ECHO, request.echo);
  writer.payload(request.payload);
  return writer.fits();
}

bool write_answer(coap_pdu_t* pdu, const Answer& answer) {
  coap_pdu_set_code(pdu, static_cast<coap_pdu_code_t>(answer.status));
  Writer writer(pdu);
  writer.add_if_any(COAP_OPTION_ETAG, answer.etag);
  writer.add_all(COAP_OPTION_LOCATION_PATH, answer.location);
  writer.add(COAP_OPTION_CONTENT_FORMAT, answer.content_format);
  writer.add(COAP_OPTION_MAXAGE, answer.max_age);
  writer.add(COAP_OPTION_BLOCK2, answer.block2);
  writer.add(COAP_OPTION_BLOCK1, answer.block1);
  writer.add(COAP_OPTION_SIZE2, answer.size2);
  writer.add(COAP_OPTION_SIZE1, answer.size1);
  writer.payload(answer.payload);
  return writer.fits();
}

}  // namespace homepatch::coap
