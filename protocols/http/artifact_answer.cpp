#include "protocols/http/artifact_answer.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include "base/text.hpp"
#include "base/unique_fd.hpp"

namespace homepatch {

namespace {

constexpr std::size_t kMaxHeaderText = 128;

void add_header(const MhdResponse& response, const char* name, const std::string& value) {
  MHD_add_response_header(response.get(), name, value.c_str());
}

std::string_view header(MHD_Connection* connection, const char* name) {
  const char* const value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
  return value != nullptr ? std::string_view(value) : std::string_view();
}

// The update clients of ESP8266 and ESP32 say the same under two names.
std::string esp_header(MHD_Connection* connection, std::string_view rest) {
  const auto esp8266 = header(connection, fmt::format("x-ESP8266-{}", rest).c_str());
  const auto value = !esp8266.empty() ? esp8266 : header(connection, fmt::format("x-ESP32-{}", rest).c_str());
  return printable(value, kMaxHeaderText);
}

std::string etag_of(const ServedFile& file) { return fmt::format("\"{}\"", file.md5_hex); }

}  // namespace

ServedRequest read_request(MHD_Connection* connection, const ServedFile& file, bool head_only) {
  ServedRequest request;
  request.name = file.name;
  request.head_only = head_only;
  request.user_agent = printable(header(connection, MHD_HTTP_HEADER_USER_AGENT), kMaxHeaderText);
  request.station_mac = esp_header(connection, "STA-MAC");
  request.version = esp_header(connection, "version");
  return request;
}

ByteRange wanted_range(MHD_Connection* connection, const ServedFile& file, bool head_only) {
  const auto if_range = header(connection, MHD_HTTP_HEADER_IF_RANGE);
  if (head_only || (!if_range.empty() && if_range != etag_of(file))) return WholeFile{};
  return parse_byte_range(header(connection, MHD_HTTP_HEADER_RANGE), file.length);
}

MhdResponse text_answer(std::string_view body) {
  MhdResponse out(MHD_create_response_from_buffer(body.size(), const_cast<char*>(body.data()), MHD_RESPMEM_MUST_COPY));
  add_header(out, MHD_HTTP_HEADER_CONTENT_TYPE, "text/plain");
  add_header(out, MHD_HTTP_HEADER_CONNECTION, "close");
  return out;
}

MhdResponse range_refusal(const ServedFile& file) {
  auto out = text_answer("no such range\n");
  add_header(out, MHD_HTTP_HEADER_CONTENT_RANGE, fmt::format("bytes */{}", file.length));
  return out;
}

MhdResponse file_answer(const ServedFile& file, const FilePart& part, bool is_partial) {
  UniqueFd copy(::fcntl(file.fd, F_DUPFD_CLOEXEC, 0));
  if (!copy) return nullptr;
  MhdResponse out(MHD_create_response_from_fd_at_offset64(part.last - part.first + 1, copy.get(), part.first));
  if (!out) return nullptr;
  static_cast<void>(copy.release());  // the response closes it
  add_header(out, MHD_HTTP_HEADER_CONTENT_TYPE, "application/octet-stream");
  add_header(out, "x-MD5", file.md5_hex);
  add_header(out, MHD_HTTP_HEADER_ETAG, etag_of(file));
  add_header(out, MHD_HTTP_HEADER_ACCEPT_RANGES, "bytes");
  if (is_partial) {
    add_header(out, MHD_HTTP_HEADER_CONTENT_RANGE, fmt::format("bytes {}-{}/{}", part.first, part.last, file.length));
  }
  return out;
}

}  // namespace homepatch
