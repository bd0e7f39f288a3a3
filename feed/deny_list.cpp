#include "feed/deny_list.hpp"

#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "protocols/feeds/deny_reader.hpp"

namespace homepatch::feed {

Result<DenyList> load_deny_list(const Workshop& workshop) {
  const auto bytes = read_file(workshop.deny_list(), feeds::kMaxDenyBytes);
  if (!bytes && bytes.error().code == Errc::not_found) return DenyList();
  if (!bytes) return fail(bytes.error());
  return feeds::read_deny(*bytes);
}

Status save_deny_list(const Workshop& workshop, const DenyList& list) {
  return write_file_atomically(workshop.deny_list(), deny_file(list));
}

std::string deny_file(const DenyList& list) {
  auto images = nlohmann::json::array();
  for (const auto& [digest, reason] : list) images.push_back({{"sha256", digest.hex()}, {"reason", reason}});
  return nlohmann::json{{"homepatch_deny", 1}, {"images", images}}.dump() + "\n";
}

}  // namespace homepatch::feed
