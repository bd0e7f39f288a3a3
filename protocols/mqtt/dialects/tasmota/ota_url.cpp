#include "protocols/mqtt/dialects/tasmota/ota_url.hpp"

#include "base/text.hpp"

namespace homepatch::mqtt::tasmota {

namespace {

constexpr std::string_view kScheme = "http://";

std::string_view fact(const DeliveryJob& job, std::string_view name) {
  const auto found = job.facts.find(name);
  return found == job.facts.end() ? std::string_view() : std::string_view(found->second);
}

// "http://192.0.2.1:8080/"; empty for what is no such address.
std::string_view server_of(std::string_view url) {
  if (!url.starts_with(kScheme)) return {};
  const auto slash = url.find('/', kScheme.size());
  return slash == std::string_view::npos ? std::string_view() : url.substr(0, slash + 1);
}

bool same_server(std::string_view a, std::string_view b) {
  return !server_of(a).empty() && server_of(a) == server_of(b);
}

}  // namespace

bool can_be_given(std::string_view url) {
  return is_plain_text(url, kMaxOtaUrl) && !server_of(url).empty() && url.find_first_of("% ") == std::string_view::npos;
}

bool is_ours(std::string_view url, const DeliveryJob& job) {
  const auto given = fact(job, kOtaUrlGiven);
  return (!url.empty() && (url == job.url || url == given)) || same_server(url, job.url) || same_server(url, given);
}

std::string to_put_back(const DeliveryJob& job) {
  const auto before = fact(job, kOtaUrlBefore);
  const bool usable = is_plain_text(before, kMaxOtaUrl) && !is_ours(before, job);
  return std::string(usable ? before : kCompiledDefault);
}

}  // namespace homepatch::mqtt::tasmota
