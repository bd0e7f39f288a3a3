// Every TUF role: the envelope, its signatures with whatever keys the file itself brings, and all four kinds of
// content.
#include <array>

#include "trust/tuf/client.hpp"
#include "trust/tuf/target_path.hpp"

namespace {

using namespace homepatch;
using namespace homepatch::tuf;

constexpr std::size_t kLimit = 1UL << 20U;

// A client that was told to trust the bytes as a root, and gets them again as every answer.
void drive(const std::string& bytes) {
  const auto stored = [&](std::string_view) -> Result<std::string> { return bytes; };
  auto client = Client::open(stored, Clock{});
  if (!client) return;
  for (int i = 0; i < 16; ++i) {
    const auto step = client->next();
    if (!step || std::holds_alternative<Finished>(*step)) return;
    if (const auto* fetch = std::get_if<Fetch>(&*step)) client->received(bytes.substr(0, fetch->limit));
  }
}

void read_targets(const nlohmann::json& content) {
  const auto targets = Targets::parse(content);
  if (!targets) return;
  for (const auto& [path, target] : targets->targets) {
    for (const auto& delegation : targets->delegations) (void)delegation.speaks_for(path);
    if (check_target_path(path)) (void)target_fetch_path(path, "00");
    (void)check_content("", target.length, target.hashes);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  const auto envelope = Envelope::parse(bytes, kLimit);
  if (!envelope) return 0;
  if (const auto root = Root::parse(envelope->content)) (void)check_signatures(*envelope, root->root);
  (void)Timestamp::parse(envelope->content);
  (void)Snapshot::parse(envelope->content);
  read_targets(envelope->content);
  drive(bytes);
  return 0;
}
