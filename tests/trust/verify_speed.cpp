// How fast the client verifies: for tools/bench, which sets it beside `openssl speed`.
// usage: verify-speed ROOT.json DOCUMENT.json ROLE, the document signed by that role of the root
// Prints CPU seconds for one signature alone and for the whole document (parsed, made canonical, verified).
#include <fmt/format.h>

#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iterator>
#include <string>

#include "trust/tuf/envelope.hpp"
#include "trust/tuf/metadata.hpp"

namespace homepatch::tuf {
namespace {

constexpr double kLook = 1.0;  // CPU seconds
constexpr std::size_t kMost = 64UL << 20U;

std::string read(const char* path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

// Of one call, on average. A call that fails ends the program: a wrong figure would be worse than none.
template <typename Call>
double cost(Call call) {
  const double begun = cpu_seconds();
  double spent = 0;
  std::size_t calls = 0;
  do {
    if (!call()) {
      fmt::print(stderr, "verify-speed: the document does not verify\n");
      std::exit(1);
    }
    ++calls;
    spent = cpu_seconds() - begun;
  } while (spent < kLook);
  return spent / static_cast<double>(calls);
}

int run(const char* root_file, const char* document_file, std::string_view role) {
  const auto root = Root::parse(Envelope::parse(read(root_file), kMost).value().content).value();
  const RoleKeys& keys = role == "targets" ? root.targets : role == "snapshot" ? root.snapshot : root.root;
  const std::string bytes = read(document_file);
  const auto document = Envelope::parse(bytes, kMost).value();
  const auto key = PublicKey::open(keys.keys.begin()->second).value();
  const auto& signature = document.signatures.front().bytes;
  const double alone = cost([&] { return key.verify(document.canonical, signature); });
  const double whole = cost([&] { return check_signatures(Envelope::parse(bytes, kMost).value(), keys).has_value(); });
  fmt::print("{{\"bytes\": {}, \"signature\": {}, \"document\": {}}}\n", bytes.size(), alone, whole);
  return 0;
}

}  // namespace
}  // namespace homepatch::tuf

int main(int count, char** arguments) {
  if (count != 4) {
    fmt::print(stderr, "usage: verify-speed ROOT.json DOCUMENT.json ROLE\n");
    return 1;
  }
  return homepatch::tuf::run(arguments[1], arguments[2], arguments[3]);
}
