// Every role against every attack, and the words that the owner then sees, printed as docs/adversary.md. After each
// attack: the attacked role's stored file is the one of before, as is the root, and when the attack is over the home
// refreshes again.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstring>
#include <set>

#include "tests/core/document.hpp"
#include "tests/trust/repository.hpp"

namespace homepatch::tuf {
namespace {

using nlohmann::json;

constexpr const char* kVendor = "vendor.example";
constexpr const char* kPath = "vendor.example/lamp/catalog.json";
constexpr const char* kWayOut = "vendor.example/../../catalog.json";

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

  Status cycle(const std::string& wanted = kPath) {
    TRY(home.refresh(repository));
    TRY(home.find(repository, wanted));
    return {};
  }
};

struct Attack {
  const char* name;
  const char* what;  // for the document
  // Leaves the role's next version, bent, on the server.
  std::function<void(World&, const std::string& role)> strike;
  // The whole of what the owner sees, by role; "" for all others. {role} stands for the role's name, "…" for what
  // differs from run to run.
  std::map<std::string, std::string> says;
  // Roles that cannot be attacked so, and why.
  std::map<std::string, std::string> cannot_be = {};
  // Roles whose file is rightly taken in all the same: what is refused is what follows from it.
  std::set<std::string> taken_in = {};
  // The strike needs a next root that is honestly signed.
  bool by_root = false;
  const char* wanted = kPath;
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

std::string signed_by(int keys) {
  return fmt::format(
      "signed by {} of its keys, but 2 must sign; it was changed on the way, or the feed's keys changed without "
      "telling "
      "this gateway",
      keys);
}

const std::string kExpired =
    "{role}: expired on 2025-01-01T00:00:00Z, and here it is 2026-01-01T00:00:00Z; its publisher must sign it anew, or "
    "this gateway's clock is wrong";
const std::string kExpiredByTheFloor =
    "{role}: expired on 2025-01-01T00:00:00Z, before the earliest time that it can be here (2026-01-01T00:00:00Z); its "
    "publisher must sign it anew";
const std::string kNotThere =
    "{role}: the server does not have it; perhaps the feed is being published just now, try again later";
const std::string kMixes = "the server mixes files of different times";
const std::string kServesOld = "the server or a mirror serves old files";

const std::map<std::string, std::string> kNoLength{{"root", "nothing states a root's length"},
                                                   {"timestamp", "nothing states a timestamp's length"}};

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

// Who names the role's keys: its table of keys, and the entry with their ids.
std::pair<json*, json*> named_by(World& world, const std::string& role) {
  if (role != kVendor) {
    auto& root = world.repository.content("root");
    return {&root["keys"], &root["roles"][role]};
  }
  auto& delegations = world.repository.content("targets")["delegations"];
  return {&delegations["keys"], &delegations["roles"][0]};
}

// One key under two ids, which signs under both.
void sign_twice(World& world, const std::string& role) {
  auto& repository = world.repository;
  const auto key = repository.signers(role).front();
  const auto [keys, entry] = named_by(world, role);
  (*keys)["twin"] = key.public_key();
  (*entry)["keyids"].push_back("twin");
  const auto twice = [&](const std::string& bytes) {
    auto whole = json::parse(bytes);
    for (const auto& signature : json(whole["signatures"])) {
      if (signature["keyid"] != key.id()) continue;
      whole["signatures"].push_back(signature);
      whole["signatures"].back()["keyid"] = "twin";
    }
    return whole.dump();
  };
  if (role == "root") {  // the old root's threshold is kept, its own is not
    (*entry)["keyids"] = {key.id(), "twin"};
    return tampered(world, role, twice);
  }
  repository.update(role == kVendor ? "targets" : "root");
  repository.signers(role) = {key};
  tampered(world, role, twice);
}

// Of the keys that a role names for another one.
void list_key_twice(World& world, const std::string& role) {
  auto& repository = world.repository;
  auto& content = repository.content(role);
  if (role == kVendor) content["delegations"] = repository.content("targets")["delegations"];
  auto& entry = role == "root" ? content["roles"]["timestamp"] : content["delegations"]["roles"][0];
  entry["keyids"].push_back(json(entry["keyids"][0]));
  repository.update(role);
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
     "Signed by keys that nobody named for this role.",
     [](World& w, const std::string& role) {
       resign_with(w, role, {new_key(), new_key()});
     },
     {{"root", "{role}: by the keys of the root before it: " + signed_by(0)}, {"", "{role}: " + signed_by(0)}}},
    {"MissingThreshold",
     "Signed by one key where two must sign.",
     [](World& w, const std::string& role) { resign_with(w, role, {w.repository.signers(role).front()}); },
     {{"root", "{role}: by the keys of the root before it: " + signed_by(1)}, {"", "{role}: " + signed_by(1)}}},
    {"OneKeyUnderTwoIds",
     "One key, named under two ids, signs under both where two keys must sign.",
     sign_twice,
     {{"root", "{role}: by its own keys: " + signed_by(1)}, {"", "{role}: " + signed_by(1)}},
     {},
     {},
     true},
    {"SignedThenChanged",
     "A field was added after it was signed.",
     [](World& w, const std::string& role) { tampered(w, role, inserting("\"x\": 1,")); },
     {{"root", "{role}: by the keys of the root before it: " + signed_by(0)}, {"", "{role}: " + signed_by(0)}}},
    {"Expired",
     "Validly signed, and past its date.",
     [](World& w, const std::string& role) {
       w.repository.content(role)["expires"] = Repository::expiry(2025);
       w.repository.update(role);
     },
     {{"", kExpired}},
     {},
     {"root"}},  // the next root may follow from it (5.3.10)
    {"ExpiredBeforeTheFloor",
     "The gateway's clock is not trusted, but it cannot be as early as that.",
     [](World& w, const std::string& role) {
       w.home.clock.expiry = Expiry::clock_not_trusted;
       w.repository.content(role)["expires"] = Repository::expiry(2025);
       w.repository.update(role);
     },
     {{"", kExpiredByTheFloor}},
     {},
     {"root"}},
    {"RolledBack",
     "An older version, in a repository that is well signed otherwise.",
     roll_back,
     {{"root", "root: it is version 1; after version 2 must come 3"},
      {"timestamp", "timestamp: rolled back: it gives version 1, but version 3 was seen before; " + kServesOld},
      {"snapshot", "timestamp: rolled back: it gives snapshot version 1, but version 3 was seen before; " + kServesOld},
      {"targets",
       "snapshot: rolled back: it gives targets.json version 1, but version 2 was seen before; " + kServesOld},
      {kVendor,
       "snapshot: rolled back: it gives vendor.example.json version 1, but version 2 was seen before; " + kServesOld}}},
    {"Mixed",
     "Another version, validly signed, than the one that is named. Nothing names a timestamp: a new one comes with old "
     "files.",
     mix,
     {{"root", "root: it is version 8; after version 2 must come 3"},
      {"timestamp", "snapshot: it is version 3, but the timestamp names version 4; " + kMixes},
      {"snapshot", "snapshot: it is version 9, but the timestamp names version 4; " + kMixes},
      {"targets", "targets: it is version 8, but the snapshot names version 3; " + kMixes},
      {kVendor, "vendor.example: it is version 8, but the snapshot names version 3; " + kMixes}},
     {},
     {"timestamp"}},
    {"WrongType",
     "Another role's file, signed by keys that may sign both.",
     confuse,
     {{"root", "root: _type: this file says that it is targets, not root"},
      {"timestamp", "timestamp: _type: this file says that it is root, not timestamp"},
      {"snapshot", "snapshot: _type: this file says that it is root, not snapshot"},
      {"", "{role}: _type: this file says that it is root, not targets"}}},
    {"Oversized",
     "Larger than this gateway reads, by what is stated or, where nothing is, by what is sent; validly signed.",
     oversize,
     {{"root", "3.root.json: the server sends more than the 512000 bytes that are allowed"},
      {"timestamp", "timestamp.json: the server sends more than the 16384 bytes that are allowed"},
      {"snapshot", "snapshot: the feed states 3000000 bytes for it; this gateway reads at most 2000000"},
      {"", "{role}: the feed states 3000000 bytes for it; this gateway reads at most 1048576"}}},
    {"LargerThanStated",
     "More bytes than the feed states.",
     [](World& w, const std::string& role) { list_size(w, role, 10); },
     {{"snapshot", "4.snapshot.json: the server sends more than the 10 bytes that are allowed"},
      {"targets", "3.targets.json: the server sends more than the 10 bytes that are allowed"},
      {kVendor, "3.vendor.example.json: the server sends more than the 10 bytes that are allowed"}},
     kNoLength},
    {"ShorterThanStated",
     "Fewer bytes than the feed states.",
     [](World& w, const std::string& role) { list_size(w, role, 100'000); },
     {{"", "{role}: it has … bytes; the feed states 100000"}},
     kNoLength},
    {"Endless",
     "Bytes without an end, where nothing states how many there are.",
     [](World& w, const std::string& role) {
       tampered(w, role, [](const std::string& bytes) { return bytes + std::string(3'000'000, ' '); });
     },
     {{"root", "3.root.json: the server sends more than the 512000 bytes that are allowed"},
      {"timestamp", "timestamp.json: the server sends more than the 16384 bytes that are allowed"},
      {"snapshot", "4.snapshot.json: the server sends more than the 2000000 bytes that are allowed"},
      {"targets", "3.targets.json: the server sends more than the 1048576 bytes that are allowed"},
      {kVendor, "3.vendor.example.json: the server sends more than the 1048576 bytes that are allowed"}}},
    {"Truncated",
     "The first half of it.",
     [](World& w, const std::string& role) {
       tampered(w, role, [](const std::string& bytes) { return bytes.substr(0, bytes.size() / 2); });
     },
     {{"", "{role}: not valid JSON at byte …"}}},
    {"Empty",
     "No bytes at all.",
     [](World& w, const std::string& role) { tampered(w, role, [](const std::string&) { return std::string(); }); },
     {{"", "{role}: not valid JSON at byte 1"}}},
    {"EmbeddedNul",
     "A NUL byte after the end.",
     [](World& w, const std::string& role) {
       tampered(w, role, [](const std::string& bytes) { return bytes + '\0'; });
     },
     {{"", "{role}: not valid JSON at byte …"}}},
    {"DuplicateKeys",
     "The same JSON key twice in what is signed.",
     [](World& w, const std::string& role) { tampered(w, role, inserting("\"version\": 1,")); },
     {{"", "{role}: the key \"version\" appears twice"}}},
    {"DuplicateKeyIds",
     "Two signatures under the same key id.",
     [](World& w, const std::string& role) {
       tampered(w, role, [](const std::string& bytes) {
         auto whole = json::parse(bytes);
         whole["signatures"].push_back(json(whole["signatures"][0]));
         whole["signatures"].back()["keyid"] = whole["signatures"][1]["keyid"];
         return whole.dump();
       });
     },
     {{"", "{role}: signatures: the key … appears twice"}}},
    {"DuplicateKeyIdsOfARole",
     "It names the keys of another role, one of them twice.",
     list_key_twice,
     {{"root", "root: timestamp: keyids: the same key id twice"},
      {"targets", "targets: delegations: roles: keyids: the same key id twice"},
      {kVendor, "vendor.example: delegations: roles: keyids: the same key id twice"}},
     {{"timestamp", "a timestamp names no keys"}, {"snapshot", "a snapshot names no keys"}}},
    {"DeepNesting",
     "Thousands of lists in each other.",
     [](World& w, const std::string& role) {
       tampered(w, role, inserting("\"x\": " + std::string(5000, '[') + std::string(5000, ']') + ","));
     },
     {{"", "{role}: nested deeper than 32 levels"}}},
    {"Floats",
     "A number that is no integer, which two writers of canonical JSON would write in two ways.",
     [](World& w, const std::string& role) { tampered(w, role, inserting("\"x\": 1.5,")); },
     {{"", "{role}: a number is not an integer, or too large"}}},
    {"PathTricks",
     "A role's name that leads out of its folder, where this role names others. A delegated role is told to be the "
     "root.",
     trick_paths,
     {{"root", "root: roles: timestamp: is missing"},
      {"timestamp", "timestamp: meta: snapshot.json: is missing"},
      {"snapshot",
       "snapshot: it no longer lists targets.json, which was seen before; the server or a mirror serves files that do "
       "not belong together"},
      {"", "../root: the snapshot does not list the role ../root"}},
     {},
     {"targets", kVendor}},
    {"PathTricksOfATarget",
     "A target whose path leads out of its folder.",
     [](World& w, const std::string& role) {
       w.repository.add_target(role, kWayOut, "{}");
       w.repository.update(role);
     },
     {{"",
       "\"vendor.example/../../catalog.json\" is no path of a target; one looks like "
       "vendor.example/lamp/catalog.json"}},
     {{"root", "a root names no targets"},
      {"timestamp", "a timestamp names no targets"},
      {"snapshot", "a snapshot names no targets"}},
     {"targets"},
     false,
     kWayOut},
    {"InvalidUtf8",
     "Text that is not UTF-8.",
     [](World& w, const std::string& role) { tampered(w, role, inserting("\"x\": \"\xFF\",")); },
     {{"", "{role}: not valid JSON at byte …"}}},
    {"NoVersion",
     "Version 0.",
     [](World& w, const std::string& role) {
       w.repository.content(role)["version"] = 0;
       w.repository.publish(role);
       const auto bytes = w.repository.files[role == "timestamp" ? "timestamp.json" : metadata_file_name(role, 0)];
       w.repository.content(role)["version"] = w.home.version(role);
       w.repository.update(role);
       const auto name = role == "timestamp" ? std::nullopt : std::optional(w.home.version(role) + 1);
       w.repository.files[metadata_file_name(role, name)] = bytes;
     },
     {{"", "{role}: version: is below 1"}}},
    {"BadExpiryForm",
     "A date in another form than TUF's.",
     [](World& w, const std::string& role) {
       w.repository.content(role)["expires"] = "2030-01-01T00:00:00+00:00";
       w.repository.update(role);
     },
     {{"", "{role}: expires: a time is written YYYY-MM-DDTHH:MM:SSZ"}}},
    {"Withheld",
     "The server says that it has no such file.",
     [](World& w, const std::string& role) {
       w.repository.update(role);
       w.repository.files.erase(role == "timestamp" ? "timestamp.json"
                                                    : metadata_file_name(role, w.home.version(role) + 1));
     },
     {{"timestamp", kNotThere}, {"snapshot", kNotThere}, {"targets", kNotThere}, {kVendor, kNotThere}},
     {{"root", "no next root is the rule; one that is held back is noticed when the trusted one expires"}}},
    {"HashMismatch",
     "Other bytes than those whose hash the feed states.",
     [](World& w, const std::string& role) {
       w.repository.with_hashes = true;
       tampered(w, role, [](std::string bytes) {
         bytes.back() = ' ';  // was a newline: the same JSON, the same length, other bytes
         return bytes;
       });
     },
     {{"", "{role}: its SHA-256 is not the one that the feed states"}},
     {{"root", "nothing states a root's hash"}, {"timestamp", "nothing states a timestamp's hash"}}},
};

const std::vector<std::string> kRoles{"root", "timestamp", "snapshot", "targets", kVendor};

struct Case {
  const Attack* attack;
  std::string role;
  std::string says;
};

// What the table says of the role; nothing where it cannot be attacked so.
std::optional<std::string> words(const Attack& attack, const std::string& role) {
  if (attack.cannot_be.contains(role)) return std::nullopt;
  auto says = attack.says.find(role);
  if (says == attack.says.end()) says = attack.says.find("");
  if (says == attack.says.end()) return std::nullopt;
  auto text = says->second;
  if (const auto at = text.find("{role}"); at != text.npos) text.replace(at, std::strlen("{role}"), role);
  return text;
}

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (const auto& attack : kAttacks) {
    for (const auto& role : kRoles) {
      if (auto says = words(attack, role)) cases.push_back({&attack, role, *std::move(says)});
    }
  }
  return cases;
}

// The whole text; "…" in the pattern stands for anything.
bool fits(std::string_view text, std::string_view pattern) {
  constexpr std::string_view kAnything = "…";
  const auto gap = pattern.find(kAnything);
  if (gap == pattern.npos) return text == pattern;
  const auto rest = pattern.substr(gap + kAnything.size());
  return text.starts_with(pattern.substr(0, gap)) && text.size() > gap + rest.size() && text.ends_with(rest);
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
  const auto struck = world.cycle(attack->wanted);
  ASSERT_FALSE(struck);
  EXPECT_PRED2(fits, struck.error().text, says);
  const bool role_stays = !attack->taken_in.contains(role);
  const bool root_stays = role == "root" ? role_stays : !attack->by_root;
  EXPECT_TRUE(!role_stays || world.home.stored.at(role) == stored.at(role));
  EXPECT_TRUE(!root_stays || world.home.stored.at("root") == stored.at("root"));

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

constexpr std::string_view kOpening =
    R"(<!-- Printed by tests/trust/adversary_test.cpp; HOMEPATCH_WRITE_DOCS=1 writes it. -->

# What a feed's adversary can try, and what the owner then reads

Every role of a feed against every attack; `vendor.example` is a delegated role, and every role needs two signatures. Each
line is a test: the attack is refused in these words, the role's stored file stays the one of before, and when the attack
is over the home refreshes again. "…" stands for what differs from time to time.

These are the words of the client (trust/tuf), which `homepatch-tuf` shows. The daemon puts the feed before them and, where
a vendor's role is in trouble, the catalog that waits for it. Its downloader stops a server that sends too much by itself
and names the host: "… sends more than … bytes for …; no more are taken".
)";

std::string title(std::string_view name) {
  std::string out;
  for (const char letter : name) {
    const bool begins = letter >= 'A' && letter <= 'Z';
    if (begins && !out.empty()) out += ' ';
    out += begins && !out.empty() ? static_cast<char>(letter - 'A' + 'a') : letter;
  }
  return out;
}

std::string line(const Attack& attack, const std::string& role) {
  const auto says = words(attack, role);
  if (!says) return fmt::format("| {} | cannot be: {} |\n", role, attack.cannot_be.at(role));
  return fmt::format(
      "| {} | `{}`{} |\n", role, *says,
      attack.taken_in.contains(role) ? " (the file itself is taken in; what follows from it is not)" : "");
}

TEST(AdversaryTable, TheDocumentSaysWhatTheOwnerReadsInEveryCell) {
  std::string text(kOpening);
  for (const auto& attack : kAttacks) {
    text += fmt::format("\n## {}\n\n{}\n\n| role | the owner reads |\n|---|---|\n", title(attack.name), attack.what);
    for (const auto& role : kRoles) {
      ASSERT_TRUE(words(attack, role) || attack.cannot_be.contains(role)) << attack.name << " of " << role;
      text += line(attack, role);
    }
  }
  expect_document("adversary.md", text);
}

}  // namespace
}  // namespace homepatch::tuf
