// Every role against every attack, and the words that the owner then sees. After each attack: the attacked role's
// stored file is the one of before, as is the root, and when the attack is over the home refreshes again.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/trust/repository.hpp"

namespace homepatch::tuf {
namespace {

using nlohmann::json;
using ::testing::StartsWith;

constexpr const char* kVendor = "vendor.example";
constexpr const char* kPath = "vendor.example/lamp/catalog.json";

SigningKey new_key() { return SigningKey::generate().value(); }

// The text of a field, put in front of the signed object's fields: what the signing code would never write.
std::function<std::string(std::string)> inserting(const std::string& field) {
  return [field](std::string bytes) { return bytes.insert(bytes.find("\"signed\": {") + 11, field); };
}

struct World {
  Repository repository;
  Home home{repository};

  World() {
    for (const auto* role : {"root", "timestamp", "snapshot", "targets"}) {
      repository.set_keys(role, {new_key(), new_key()}, 2);
    }
    repository.signers("root").push_back(first_root_key);
    repository.delegate("targets", kVendor, {"vendor.example/*/*"});
    repository.set_keys(kVendor, {new_key(), new_key()}, 2);
    repository.add_target(kVendor, kPath, "{}");
    repository.publish(kVendor);
    repository.list_in_snapshot(kVendor);
    repository.update("root");
    repository.update("targets");
    repository.update(kVendor);
  }

  SigningKey first_root_key = repository.signers("root").front();

  Status cycle() {
    TRY(home.refresh(repository));
    TRY(home.find(repository, kPath));
    return {};
  }
};

struct Attack {
  const char* name;
  // Leaves the role's next version, bent, on the server.
  std::function<void(World&, const std::string& role)> strike;
  // What the owner sees, after "<role>: "; {0} stands for the version that an honest server would have given.
  std::map<std::string, std::string> says;  // by role; "" for all others
  // Roles whose file is rightly taken in all the same: what is refused is what follows from it.
  std::set<std::string> taken_in = {};
};

void resign_with(World& world, const std::string& role, const std::vector<SigningKey>& keys) {
  world.repository.signers(role) = keys;
  world.repository.update(role);
}

void tampered(World& world, const std::string& role, std::function<std::string(std::string)> how) {
  world.repository.tamper[role] = std::move(how);
  world.repository.update(role);
  world.repository.tamper.clear();
}

const std::string kUnsigned =
    "signed by 0 of its keys, but 2 must sign; it was changed on the way, or the feed's keys changed without telling "
    "this "
    "gateway";

// What an older file of the role would look like in a well signed repository.
void roll_back(World& world, const std::string& role) {
  auto& repository = world.repository;
  repository.content(role)["version"] = 1;
  if (role == "root") {
    repository.publish("root");
    repository.files["3.root.json"] = repository.files["1.root.json"];
    return;
  }
  repository.publish(role);
  if (role == "timestamp") return;
  if (role == "snapshot") {
    repository.list_in_timestamp();
    repository.update("timestamp");
    return;
  }
  repository.list_in_snapshot(role);
  repository.update("snapshot");
}

// The file that is served is not of the version that is named. Nothing names a timestamp: a new one comes with old
// files.
void mix(World& world, const std::string& role) {
  auto& repository = world.repository;
  if (role == "timestamp") {
    repository.update("snapshot");
    repository.files["4.snapshot.json"] = repository.files["3.snapshot.json"];
    return;
  }
  const auto next = repository.content(role)["version"].get<std::int64_t>() + 1;
  repository.update(role);
  repository.content(role)["version"] = next + 5;
  repository.publish(role);
  repository.files[metadata_file_name(role, next)] = repository.files[metadata_file_name(role, next + 5)];
}

// Another role's file, signed by keys that may sign both.
void confuse(World& world, const std::string& role) {
  auto& repository = world.repository;
  repository.content(role)["_type"] = role == "root" ? "targets" : "root";
  repository.update(role);
  repository.content(role)["_type"] = role == kVendor ? "targets" : role;
}

void list_size(World& world, const std::string& role, std::uint64_t bytes) {
  auto& repository = world.repository;
  repository.update(role);
  const bool by_timestamp = role == "snapshot";
  repository.content(by_timestamp ? "timestamp" : "snapshot")["meta"][role + ".json"]["length"] = bytes;
  repository.update(by_timestamp ? "timestamp" : "snapshot");
}

// Nothing states the size of root and timestamp: larger than they may be, with all the signatures that are asked for.
void oversize(World& world, const std::string& role) {
  if (role != "root" && role != "timestamp") return list_size(world, role, 3'000'000);
  world.repository.content(role)["padding"] = std::string(600'000, 'x');
  world.repository.update(role);
}

void rename_member(json& object, const std::string& from, const std::string& to) {
  object[to] = object[from];
  object.erase(from);
}

// A name that leads out of its folder, where this role names others. A delegated role is told to be the root.
void trick_paths(World& world, const std::string& role) {
  auto& repository = world.repository;
  auto& content = repository.content(role);
  if (role == "root") rename_member(content["roles"], "timestamp", "../timestamp");
  if (role == "timestamp") rename_member(content["meta"], "snapshot.json", "../snapshot.json");
  if (role == "snapshot") rename_member(content["meta"], "targets.json", "../targets.json");
  if (role == kVendor) {
    content["targets"].erase(kPath);
    content["delegations"] = repository.content("targets")["delegations"];
  }
  if (role == kVendor || role == "targets") content["delegations"]["roles"][0]["name"] = "../root";
  repository.update(role);
}

const std::vector<Attack> kAttacks{
    {"WrongKey",
     [](World& w, const std::string& role) {
       resign_with(w, role, {new_key(), new_key()});
     },
     {{"root", "by the keys of the root before it: " + kUnsigned}, {"", kUnsigned}}},
    {"MissingThreshold",
     [](World& w, const std::string& role) { resign_with(w, role, {w.repository.signers(role).front()}); },
     {{"root", "by the keys of the root before it: signed by 1 of its keys, but 2 must sign"},
      {"", "signed by 1 of its keys, but 2 must sign"}}},
    {"SignedThenChanged",
     [](World& w, const std::string& role) { tampered(w, role, inserting("\"x\": 1,")); },
     {{"root", "by the keys of the root before it: " + kUnsigned}, {"", kUnsigned}}},
    {"RolledBack",
     roll_back,
     {{"root", "it is version 1; after version 2 must come 3"},
      {"timestamp",
       "rolled back: it gives version 1, but version 3 was seen before; the server or a mirror serves old"},
      {"snapshot", "timestamp: rolled back: it gives snapshot version 1, but version 3 was seen before"},
      {"targets", "snapshot: rolled back: it gives targets.json version 1, but version 2 was seen before"},
      {kVendor, "snapshot: rolled back: it gives vendor.example.json version 1, but version 2 was seen before"}}},
    {"Mixed",
     mix,
     {{"root", "it is version 8; after version 2 must come 3"},
      {"timestamp",
       "snapshot: it is version 3, but the timestamp names version 4; the server mixes files of different"},
      {"snapshot", "it is version 9, but the timestamp names version 4; the server mixes files of different times"},
      {"targets", "it is version 8, but the snapshot names version 3; the server mixes files of different times"},
      {kVendor, "it is version 8, but the snapshot names version 3"}},
     {"timestamp"}},
    {"WrongType",
     confuse,
     {{"root", "_type: this file says that it is targets, not root"},
      {"timestamp", "_type: this file says that it is root, not timestamp"},
      {"snapshot", "_type: this file says that it is root, not snapshot"},
      {"", "_type: this file says that it is root, not targets"}}},
    {"Oversized",
     oversize,
     {{"root", "3.root.json: the server sends more than the 512000 bytes that are allowed"},
      {"timestamp", "timestamp.json: the server sends more than the 16384 bytes that are allowed"},
      {"snapshot", "the feed states 3000000 bytes for it; this gateway reads at most 2000000"},
      {"targets", "the feed states 3000000 bytes for it; this gateway reads at most 1048576"},
      {kVendor, "the feed states 3000000 bytes for it; this gateway reads at most 1048576"}}},
    {"LargerThanStated",
     [](World& w, const std::string& role) { list_size(w, role, 10); },
     {{"snapshot", "4.snapshot.json: the server sends more than the 10 bytes that are allowed"},
      {"targets", "3.targets.json: the server sends more than the 10 bytes that are allowed"},
      {kVendor, "3.vendor.example.json: the server sends more than the 10 bytes that are allowed"}}},
    {"ShorterThanStated",
     [](World& w, const std::string& role) { list_size(w, role, 100'000); },
     {{"snapshot", "it has "}, {"targets", "it has "}, {kVendor, "it has "}}},
    {"Endless",
     [](World& w, const std::string& role) {
       tampered(w, role, [](const std::string& bytes) { return bytes + std::string(3'000'000, ' '); });
     },
     {{"root", "3.root.json: the server sends more than the 512000 bytes that are allowed"},
      {"timestamp", "timestamp.json: the server sends more than the 16384 bytes that are allowed"},
      {"snapshot", "4.snapshot.json: the server sends more than the 2000000 bytes that are allowed"},
      {"targets", "3.targets.json: the server sends more than the 1048576 bytes that are allowed"},
      {kVendor, "3.vendor.example.json: the server sends more than the 1048576 bytes that are allowed"}}},
    {"Truncated",
     [](World& w, const std::string& role) {
       tampered(w, role, [](const std::string& bytes) { return bytes.substr(0, bytes.size() / 2); });
     },
     {{"", "not valid JSON at byte "}}},
    {"Empty",
     [](World& w, const std::string& role) { tampered(w, role, [](const std::string&) { return std::string(); }); },
     {{"", "not valid JSON at byte 1"}}},
    {"EmbeddedNul",
     [](World& w, const std::string& role) {
       tampered(w, role, [](const std::string& bytes) { return bytes + '\0'; });
     },
     {{"", "not valid JSON at byte "}}},
    {"DuplicateKeys",
     [](World& w, const std::string& role) { tampered(w, role, inserting("\"version\": 1,")); },
     {{"", "the key \"version\" appears twice"}}},
    {"DuplicateKeyIds",
     [](World& w, const std::string& role) {
       tampered(w, role, [](const std::string& bytes) {
         auto whole = json::parse(bytes);
         whole["signatures"].push_back(json(whole["signatures"][0]));
         whole["signatures"].back()["keyid"] = whole["signatures"][1]["keyid"];
         return whole.dump();
       });
     },
     {{"", "signatures: the key "}}},
    {"DeepNesting",
     [](World& w, const std::string& role) {
       tampered(w, role, inserting("\"x\": " + std::string(5000, '[') + std::string(5000, ']') + ","));
     },
     {{"", "nested deeper than 32 levels"}}},
    {"Floats",
     [](World& w, const std::string& role) { tampered(w, role, inserting("\"x\": 1.5,")); },
     {{"", "a number is not an integer, or too large"}}},
    {"PathTricks",
     trick_paths,
     {{"root", "roles: timestamp: is missing"},
      {"timestamp", "meta: snapshot.json: is missing"},
      {"snapshot", "it no longer lists targets.json, which was seen before"},
      {"targets", "../root: the snapshot does not list the role ../root"},
      {kVendor, "../root: the snapshot does not list the role ../root"}},
     {"targets", kVendor}},
    {"InvalidUtf8",
     [](World& w, const std::string& role) { tampered(w, role, inserting("\"x\": \"\xFF\",")); },
     {{"", "not valid JSON at byte "}}},
    {"NoVersion",
     [](World& w, const std::string& role) {
       w.repository.content(role)["version"] = 0;
       w.repository.publish(role);
       const auto bytes = w.repository.files[role == "timestamp" ? "timestamp.json" : metadata_file_name(role, 0)];
       w.repository.content(role)["version"] = w.home.version(role);
       w.repository.update(role);
       const auto name = role == "timestamp" ? std::nullopt : std::optional(w.home.version(role) + 1);
       w.repository.files[metadata_file_name(role, name)] = bytes;
     },
     {{"", "version: is below 1"}}},
    {"BadExpiryForm",
     [](World& w, const std::string& role) {
       w.repository.content(role)["expires"] = "2030-01-01T00:00:00+00:00";
       w.repository.update(role);
     },
     {{"", "expires: a time is written YYYY-MM-DDTHH:MM:SSZ"}}},
    {"Expired",
     [](World& w, const std::string& role) {
       w.repository.content(role)["expires"] = Repository::expiry(2025);
       w.repository.update(role);
     },
     {{"",
       "expired on 2025-01-01T00:00:00Z, and here it is 2026-01-01T00:00:00Z; its publisher must sign it anew, or "
       "this gateway's clock is wrong"}},
     {"root"}},  // the next root may follow from it (5.3.10)
    {"Withheld",
     [](World& w, const std::string& role) {
       w.repository.update(role);
       w.repository.files.erase(role == "timestamp" ? "timestamp.json"
                                                    : metadata_file_name(role, w.home.version(role) + 1));
     },
     {{"timestamp", "the server does not have it; perhaps the feed is being published just now, try again later"},
      {"snapshot", "the server does not have it; perhaps"},
      {"targets", "the server does not have it; perhaps"},
      {kVendor, "the server does not have it; perhaps"}}},
    {"HashMismatch",
     [](World& w, const std::string& role) {
       w.repository.with_hashes = true;
       tampered(w, role, [](std::string bytes) {
         bytes.back() = ' ';  // was a newline: the same JSON, the same length, other bytes
         return bytes;
       });
     },
     {{"snapshot", "its SHA-256 is not the one that the feed states"},
      {"targets", "its SHA-256 is not the one that the feed states"},
      {kVendor, "its SHA-256 is not the one that the feed states"}}},
};

struct Case {
  const Attack* attack;
  std::string role;
  std::string says;
};

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (const auto& attack : kAttacks) {
    for (const auto* role : {"root", "timestamp", "snapshot", "targets", kVendor}) {
      auto says = attack.says.find(role);
      if (says == attack.says.end()) says = attack.says.find("");
      if (says != attack.says.end()) cases.push_back({&attack, role, says->second});
    }
  }
  return cases;
}

class Adversary : public ::testing::TestWithParam<Case> {};

TEST_P(Adversary, IsRefusedInPlainWordsAndChangesNothing) {
  const auto& [attack, role, says] = GetParam();
  World world;
  const auto before = world.cycle();
  ASSERT_TRUE(before) << before.error().text;
  const auto honest = world.repository;
  const auto stored = world.home.stored;

  attack->strike(world, role);
  const auto struck = world.cycle();
  ASSERT_FALSE(struck);
  const bool elsewhere = says.find(".json: the server") != std::string::npos || says.starts_with("timestamp: ") ||
                         says.starts_with("snapshot: ") || says.starts_with("../root: ");
  EXPECT_THAT(struck.error().text, StartsWith(elsewhere ? says : role + ": " + says));
  for (const auto& kept : {role, std::string("root")}) {
    if (attack->taken_in.contains(kept)) continue;
    EXPECT_EQ(world.home.stored.at(kept), stored.at(kept)) << kept;
  }

  // The publisher goes on: everything anew, with versions above all that the attack may have left.
  world.repository = honest;
  while (world.repository.content("root")["version"] <= world.home.version("root")) world.repository.update("root");
  for (const auto* one : {kVendor, "targets"}) {
    for (int i = 0; i < 3; ++i) world.repository.update(one);
  }
  const auto after = world.cycle();
  EXPECT_TRUE(after) << after.error().text;
}

INSTANTIATE_TEST_SUITE_P(Table, Adversary, ::testing::ValuesIn(all_cases()), [](const auto& case_info) {
  std::string name = fmt::format("{}_{}", case_info.param.role, case_info.param.attack->name);
  std::ranges::replace(name, '.', '_');
  return name;
});

}  // namespace
}  // namespace homepatch::tuf
