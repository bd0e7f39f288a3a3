// A home refreshes from a well signed feed whose server bends one answer. Whatever it does, the home ends with files
// that the publisher signed, that belong together and that are no older than those it had; and when the server is
// honest again it gets the newest ones.
//
// The input: which answer, what stands in its place before it is bent (the right file, nothing, another file of the
// feed, or no file at all), whether the home knows the versions before, where to cut (2 bytes), how much (2 bytes), and
// what to put there.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <set>

#include "base/text.hpp"
#include "tests/trust/repository.hpp"
#include "trust/hash.hpp"

namespace {

using namespace homepatch;
using namespace homepatch::tuf;
using nlohmann::json;

constexpr const char* kVendor = "vendor.example";
constexpr const char* kPath = "vendor.example/lamp/catalog.json";
constexpr std::array kRoles{"root", "timestamp", "snapshot", "targets", kVendor};

// Always the same, so that an input does the same every time.
SigningKey fixed_key(char number) {
  constexpr std::string_view kPkcs8{"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20", 16};
  const auto der = std::string(kPkcs8) + std::string(32, number);
  auto text = to_base64url(reinterpret_cast<const std::uint8_t*>(der.data()), der.size());
  std::ranges::replace(text, '-', '+');
  std::ranges::replace(text, '_', '/');
  return SigningKey::from_pem("-----BEGIN PRIVATE KEY-----\n" + text + "\n-----END PRIVATE KEY-----\n", "").value();
}

// Most inputs end with files that were seen before.
std::map<std::string, json> parsed;

const json& signed_part(const std::string& bytes) {
  const auto known = parsed.find(bytes);
  return known != parsed.end() ? known->second : parsed.emplace(bytes, json::parse(bytes)["signed"]).first->second;
}

// Three generations: one that is old, one that a home may know, one that is new.
class Feed {
 public:
  explicit Feed(bool with_hashes) {
    repository.content("root")["keys"] = json::object();
    repository.set_keys("root", {fixed_key(1), fixed_key(2)}, 2);
    repository.set_keys("timestamp", {fixed_key(3)});
    repository.set_keys("snapshot", {fixed_key(4)});
    repository.set_keys("targets", {fixed_key(5), fixed_key(6)}, 2);
    repository.delegate("targets", kVendor, {"vendor.example/*/*"});
    repository.content("targets")["delegations"]["keys"] = json::object();
    repository.set_keys(kVendor, {fixed_key(7)});
    repository.add_target(kVendor, kPath, "old");
    repository.list_in_snapshot(kVendor);
    for (const auto* role : {kVendor, "targets", "snapshot", "timestamp", "root"}) repository.publish(role);
    remember();
    stranger.emplace(repository);

    repository.add_target(kVendor, kPath, "known");
    repository.set_keys("snapshot", {fixed_key(8)});
    for (const auto* role : {"root", "targets", kVendor}) update(role);
    knowing.emplace(repository);
    if (!cycle(*knowing)) std::abort();

    repository.add_target(kVendor, kPath, "new");
    repository.set_keys(kVendor, {fixed_key(9)});
    repository.with_hashes = with_hashes;
    for (const auto* role : {"root", "targets", kVendor}) update(role);
    paths.clear();
    for (const auto* home : {&*stranger, &*knowing}) {
      Home newest = *home;
      if (!cycle(newest)) std::abort();
    }
  }

  // A refresh and a lookup; notes what is asked for.
  std::optional<Target> cycle(Home& home) {
    if (!home.refresh(repository)) return std::nullopt;
    paths.insert(home.requests.begin(), home.requests.end());
    const auto found = home.find(repository, kPath);
    paths.insert(home.requests.begin(), home.requests.end());
    home.client.reset();
    return found ? std::optional(*found) : std::nullopt;
  }

  // Signed by the publisher for this role: with all the signatures, nothing that was signed changed.
  [[nodiscard]] bool is_signed(const std::string& role, const std::string& bytes) const {
    const auto known = signed_files.find(bytes);
    if (known != signed_files.end() && known->second == role) return true;
    const auto whole = json::parse(bytes, nullptr, false);
    if (whole.is_discarded()) return false;
    return std::ranges::any_of(originals.at(role), [&](const json& original) {
      return whole["signed"] == original["signed"] &&
             std::ranges::all_of(original["signatures"],
                                 [&](const json& signature) { return has(whole["signatures"], signature); });
    });
  }

  Repository repository;
  std::optional<Home> stranger;                     // knows the first root alone
  std::optional<Home> knowing;                      // and the second generation
  std::set<std::string> paths;                      // what an honest cycle asks for
  std::map<std::string, std::string> signed_files;  // bytes -> role

 private:
  static bool has(const json& signatures, const json& wanted) {
    return std::ranges::any_of(signatures, [&](const json& one) {
      const auto sig = from_hex(one["sig"].get<std::string>());
      return one["keyid"] == wanted["keyid"] && sig && *sig == *from_hex(wanted["sig"].get<std::string>());
    });
  }

  void update(const std::string& role) {
    repository.update(role);
    remember();
  }

  void remember() {
    for (const auto* role : kRoles) {
      const auto version = repository.content(role)["version"].get<std::int64_t>();
      const bool versioned = role != std::string_view("timestamp");
      const auto& bytes =
          repository.files.at(metadata_file_name(role, versioned ? std::optional(version) : std::nullopt));
      if (signed_files.emplace(bytes, role).second) originals[role].push_back(json::parse(bytes));
    }
  }

  std::map<std::string, std::vector<json>> originals;
};

void check_stored(const Feed& feed, const Home& home, const Home& begun) {
  for (const auto& [role, bytes] : home.stored) {
    if (!feed.is_signed(role, bytes)) std::abort();
    const auto before = begun.stored.find(role);
    if (before == begun.stored.end() || before->second == bytes) continue;
    if (signed_part(bytes)["version"] < signed_part(before->second)["version"]) std::abort();
  }
}

void check_whole(const Home& home) {
  const auto& snapshot = signed_part(home.stored.at("snapshot"));
  const auto& timestamp = signed_part(home.stored.at("timestamp"));
  if (timestamp["meta"]["snapshot.json"]["version"] != snapshot["version"]) std::abort();
  const auto& targets = signed_part(home.stored.at("targets"));
  if (snapshot["meta"]["targets.json"]["version"] != targets["version"]) std::abort();
}

void check_found(const Home& home, const Target& found) {
  const auto& vendor = signed_part(home.stored.at(kVendor));
  const auto& snapshot = signed_part(home.stored.at("snapshot"));
  if (snapshot["meta"][std::string(kVendor) + ".json"]["version"] != vendor["version"]) std::abort();
  const auto& listed = vendor["targets"][kPath];
  if (listed["length"] != found.length || listed["hashes"]["sha256"] != found.hashes.sha256->hex()) std::abort();
}

// When the server is honest again; once for each state that an attack leaves.
void check_recovery(const Feed& feed, Home home, const Home& begun) {
  static std::set<std::map<std::string, std::string>> recovered;
  constexpr std::size_t kRemembered = 1000;
  if (recovered.contains(home.stored)) return;
  if (recovered.size() < kRemembered) recovered.insert(home.stored);
  if (!home.refresh(feed.repository)) std::abort();
  const auto found = home.find(feed.repository, kPath);
  if (!found || found->hashes.sha256 != sha256("new")) std::abort();
  check_stored(feed, home, begun);
}

// Takes the first bytes of what is left.
struct Input {
  std::string_view left;

  std::size_t number(std::size_t bytes) {
    std::size_t out = 0;
    for (; bytes > 0; --bytes) {
      out = out << 8U | (left.empty() ? 0U : static_cast<unsigned char>(left.front()));
      left.remove_prefix(left.empty() ? 0 : 1);
    }
    return out;
  }
};

// What the server gives for `path`; nothing: that it has no such file.
std::optional<std::string> bent(const Feed& feed, const std::string& path, std::size_t stand_in, Input& input) {
  const auto honest = feed.repository.files.find(path);
  std::string bytes = honest == feed.repository.files.end() ? std::string() : honest->second;
  const std::size_t choice = stand_in % (feed.signed_files.size() + 3);
  if (choice == 1) return std::nullopt;
  if (choice == 2) bytes.clear();
  if (choice > 2) bytes = std::next(feed.signed_files.begin(), static_cast<std::ptrdiff_t>(choice - 3))->first;
  const std::size_t at = input.number(2) % (bytes.size() + 1);
  const std::size_t cut = input.number(2) % (bytes.size() - at + 1);
  return bytes.replace(at, cut, input.left);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kRemembered = 1000;
  static std::array feeds{Feed(false), Feed(true)};
  if (parsed.size() > kRemembered) parsed.clear();
  Input input{std::string_view(reinterpret_cast<const char*>(data), size)};
  const auto which_path = input.number(1);
  const auto stand_in = input.number(1);
  const auto which_home = input.number(1);
  auto& feed = feeds[which_home / 2 % 2];
  const Home begun = which_home % 2 == 0 ? *feed.stranger : *feed.knowing;
  const auto path = *std::next(feed.paths.begin(), static_cast<std::ptrdiff_t>(which_path % feed.paths.size()));
  auto answer = bent(feed, path, stand_in, input);

  const auto honest = feed.repository.files;
  if (answer) {
    feed.repository.files[path] = *std::move(answer);
  } else {
    feed.repository.files.erase(path);
  }
  Home home = begun;
  if (home.refresh(feed.repository)) {
    check_whole(home);
    if (const auto found = home.find(feed.repository, kPath)) check_found(home, *found);
  }
  check_stored(feed, home, begun);

  feed.repository.files = honest;
  check_recovery(feed, home, begun);
  return 0;
}
