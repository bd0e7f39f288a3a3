#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/trust/repository.hpp"
#include "trust/tuf/client.hpp"
#include "trust/tuf/target_path.hpp"

namespace homepatch::tuf {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view kPath = "missing";

class DelegationTest : public ::testing::Test {
 protected:
  Repository repository;
  Home home{repository};

  // Lists all delegated roles and publishes what delegates to them.
  void publish(const std::vector<std::string>& roles) {
    for (const auto& role : roles) {
      repository.publish(role);
      repository.list_in_snapshot(role);
    }
    repository.update("targets");
    const auto done = home.refresh(repository);
    ASSERT_TRUE(done) << done.error().text;
  }
  std::string error_of(const std::string& path) {
    const auto found = home.find(repository, path);
    return found ? "found" : found.error().text;
  }
};

struct Edge {
  std::string from;
  std::string to;
  bool terminating = false;
  std::string pattern = "*";
};

struct Graph {
  const char* name;
  std::vector<Edge> edges;
  std::vector<std::string> visited;
};

class DelegationGraph : public DelegationTest, public ::testing::WithParamInterface<Graph> {};

TEST_P(DelegationGraph, IsWalkedDepthFirstInOrder) {
  std::set<std::string> roles;
  for (const auto& edge : GetParam().edges) {
    repository.delegate(edge.from, edge.to, {edge.pattern}, edge.terminating);
    roles.insert(edge.to);
  }
  publish({roles.begin(), roles.end()});
  const auto found = home.find(repository, std::string(kPath));
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, Errc::not_found) << found.error().text;
  std::vector<std::string> asked;
  for (const auto& role : GetParam().visited) asked.push_back("1." + role + ".json");
  EXPECT_EQ(home.requests, asked);
}

INSTANTIATE_TEST_SUITE_P(
    Graphs, DelegationGraph,
    ::testing::Values(Graph{"one", {{"targets", "A"}}, {"A"}},
                      Graph{"two", {{"targets", "A"}, {"targets", "B"}}, {"A", "B"}},
                      Graph{"a child comes before the next sibling",
                            {{"targets", "A"}, {"targets", "B"}, {"A", "C"}, {"A", "D"}},
                            {"A", "C", "D", "B"}},
                      Graph{"terminating ends the search after its subtree",
                            {{"targets", "A", true}, {"targets", "B"}, {"A", "C"}},
                            {"A", "C"}},
                      Graph{"terminating below ends it also above",
                            {{"targets", "A"}, {"targets", "B"}, {"A", "C", true}, {"A", "D"}, {"C", "E"}},
                            {"A", "C", "E"}},
                      Graph{"terminating ends nothing where it does not speak for the path",
                            {{"targets", "A", true, "*.bin"}, {"targets", "B"}},
                            {"B"}},
                      Graph{"earlier siblings of a terminating one are asked first",
                            {{"targets", "A"}, {"targets", "B", true}, {"targets", "C"}},
                            {"A", "B"}},
                      Graph{"only roles that speak for the path",
                            {{"targets", "A", false, "*.py"}, {"targets", "B"}, {"A", "C"}},
                            {"B"}},
                      Graph{"every delegation on the way must speak for it",
                            {{"targets", "A"}, {"A", "B", false, "*.py"}, {"B", "C"}},
                            {"A"}}),
    [](const auto& case_info) {
      std::string name = case_info.param.name;
      std::ranges::replace(name, ' ', '_');
      return name;
    });

TEST_F(DelegationTest, ARoleWithTwoDelegatorsIsVisitedOnceAndACycleEnds) {
  repository.delegate("targets", "A", {"*"});
  repository.delegate("targets", "B", {"*"});
  repository.delegate("A", "C", {"*"});
  repository.delegate("C", "A", {"*"});
  repository.delegate("B", "C", {"*"});
  publish({"A", "B", "C"});
  EXPECT_EQ(error_of("missing"), "no such target");
  EXPECT_THAT(home.requests, ElementsAre("1.A.json", "1.C.json", "1.B.json"));
}

TEST_F(DelegationTest, FindsATargetAndSaysWhoVouchesForIt) {
  repository.delegate("targets", "vendor.example", {"vendor.example/*/*"});
  repository.delegate("vendor.example", "lamps", {"vendor.example/lamp/*"});
  repository.add_target("lamps", "vendor.example/lamp/catalog.json", "{}");
  repository.content("lamps")["targets"]["vendor.example/lamp/catalog.json"]["custom"] = {{"homepatch", {{"seq", 7}}}};
  publish({"vendor.example", "lamps"});

  const auto target = home.find(repository, "vendor.example/lamp/catalog.json");
  ASSERT_TRUE(target) << target.error().text;
  EXPECT_EQ(target->length, 2U);
  EXPECT_EQ(target->hashes.sha256, sha256("{}"));
  EXPECT_EQ(target->custom["homepatch"]["seq"], 7);
  EXPECT_THAT(target->authorised_by,
              ElementsAre(Authority{"targets", 1}, Authority{"vendor.example", 1}, Authority{"lamps", 1}));
  EXPECT_THAT(target->fetch_paths, ElementsAre("vendor.example/lamp/" + sha256("{}").hex() + ".catalog.json"));
  auto check = target->check();
  ASSERT_TRUE(check.add("{}"));
  EXPECT_EQ(check.finish().value(), sha256("{}"));
  EXPECT_THAT(home.changes, ElementsAre("store vendor.example", "store lamps"));
}

TEST_F(DelegationTest, ATargetThatARoleListsButWasNotDelegatedIsNotFound) {
  repository.delegate("targets", "vendor.example", {"vendor.example/*/*"});
  repository.add_target("vendor.example", "other.example/lamp/catalog.json", "{}");
  publish({"vendor.example"});
  EXPECT_EQ(error_of("other.example/lamp/catalog.json"), "no such target");
  EXPECT_THAT(home.requests, IsEmpty());
}

TEST_F(DelegationTest, DelegatesByHashPrefix) {
  repository.delegate("targets", "bin-a", {});
  auto& role = repository.content("targets")["delegations"]["roles"][0];
  role.erase("paths");
  role["path_hash_prefixes"] = {sha256("a/b").hex().substr(0, 3)};
  repository.add_target("bin-a", "a/b", "x");
  publish({"bin-a"});
  EXPECT_TRUE(home.find(repository, "a/b"));
  EXPECT_EQ(error_of("a/c"), "no such target");
}

TEST_F(DelegationTest, WhatIsStoredIsUsedWithoutARequestAndKeptInMemoryForTheNextLookup) {
  repository.delegate("targets", "A", {"*"});
  repository.add_target("A", "one", "1");
  repository.add_target("A", "two", "2");
  publish({"A"});
  ASSERT_TRUE(home.find(repository, "one"));
  EXPECT_THAT(home.requests, ElementsAre("1.A.json"));
  home.stored.erase("A");  // the next one is answered from memory
  ASSERT_TRUE(home.find(repository, "two"));
  EXPECT_THAT(home.requests, IsEmpty());

  home.stored["A"] = repository.files.at("1.A.json");
  ASSERT_TRUE(home.refresh(repository));
  ASSERT_TRUE(home.find(repository, "one"));
  EXPECT_THAT(home.requests, IsEmpty());
}

TEST_F(DelegationTest, AStoredRoleIsVerifiedAgainstTheDelegatorOnThePathOfThisSearch) {
  repository.delegate("targets", "A", {"a/*"});
  repository.delegate("targets", "B", {"b/*"});
  repository.delegate("A", "C", {"*/*"});
  repository.add_target("C", "a/x", "1");
  repository.add_target("C", "b/x", "2");
  repository.delegate("B", "C", {"*/*"});
  auto& trusted_by_b = repository.content("B")["delegations"];
  const auto other = SigningKey::generate().value();
  trusted_by_b["keys"] = {{other.id(), other.public_key()}};
  trusted_by_b["roles"][0]["keyids"] = {other.id()};
  publish({"A", "B", "C"});

  ASSERT_TRUE(home.find(repository, "a/x"));
  ASSERT_TRUE(home.stored.contains("C"));
  EXPECT_THAT(error_of("b/x"), HasSubstr("C: signed by 0 of its keys, but 1 must sign"));
  EXPECT_TRUE(home.find(repository, "a/x")) << "a lookup that failed does not keep the next from working";
}

TEST_F(DelegationTest, ARoleInMemoryIsVerifiedAgainstTheDelegatorOnThePathOfThisSearch) {
  repository.delegate("targets", "A", {"a/*"});
  repository.delegate("A", "C", {"*/*"});
  repository.add_target("C", "a/x", "1");
  repository.add_target("C", "b/x", "2");
  const auto other = SigningKey::generate().value();
  auto& by_targets = repository.content("targets")["delegations"];
  by_targets["keys"][other.id()] = other.public_key();
  by_targets["roles"].push_back(
      {{"name", "C"}, {"keyids", {other.id()}}, {"threshold", 1}, {"terminating", false}, {"paths", {"b/*"}}});
  publish({"A", "C"});
  ASSERT_TRUE(home.find(repository, "a/x"));  // C is now the role in memory, vouched for by A
  EXPECT_THAT(error_of("b/x"), HasSubstr("C: signed by 0 of its keys, but 1 must sign"));
}

TEST_F(DelegationTest, ARevokedDelegationIsGoneThoughItsRoleIsStored) {
  repository.delegate("targets", "A", {"*"});
  repository.add_target("A", "one", "1");
  publish({"A"});
  ASSERT_TRUE(home.find(repository, "one"));
  repository.content("targets")["delegations"]["roles"] = nlohmann::json::array();
  repository.update("targets");
  ASSERT_TRUE(home.refresh(repository));
  EXPECT_EQ(error_of("one"), "no such target");
}

TEST_F(DelegationTest, VisitsNoMoreRolesThanTheLimit) {
  std::vector<std::string> roles;
  for (int i = 0; i < 5; ++i) {
    roles.push_back("role-" + std::to_string(i));
    repository.delegate("targets", roles.back(), {"*"});
  }
  repository.add_target("role-3", "wanted", "1");
  home.limits.delegations = 4;
  publish(roles);
  EXPECT_TRUE(home.find(repository, "wanted"));
  EXPECT_THAT(error_of("missing"), HasSubstr("missing: not found within 4 delegated roles"));
}

TEST_F(DelegationTest, RoleNamesNeverChooseAFolder) {
  for (const auto* role : {"?", "#", "/delegated", "../delegated", "a b", "\xC3\xA9", ".."}) {
    repository.delegate("targets", role, {std::string("x/") + std::to_string(home.stored.size())});
  }
  EXPECT_EQ(metadata_file_name("?"), "%3F.json");
  EXPECT_EQ(metadata_file_name("#", 3), "3.%23.json");
  EXPECT_EQ(metadata_file_name("/delegated"), "%2Fdelegated.json");
  EXPECT_EQ(metadata_file_name("../delegated", 1), "1...%2Fdelegated.json");
  EXPECT_EQ(metadata_file_name("a b~_-."), "a%20b~_-..json");
  EXPECT_EQ(metadata_file_name("\xC3\xA9"), "%C3%A9.json");
  publish({"?", "#", "/delegated", "../delegated", "a b", "\xC3\xA9", ".."});
  EXPECT_EQ(error_of("x/1"), "no such target");
  EXPECT_THAT(home.requests, ElementsAre("1.%3F.json", "1.%23.json", "1.%2Fdelegated.json", "1...%2Fdelegated.json",
                                         "1.a%20b.json", "1.%C3%A9.json", "1....json"));
}

TEST_F(DelegationTest, MalformedDelegationsAreRefused) {
  struct Bad {
    const char* says;
    std::function<void(nlohmann::json&)> bend;
  };
  const std::vector<Bad> cases{
      {"roles: name: a delegated role must not be called root", [](auto& d) { d["roles"][0]["name"] = "root"; }},
      {"roles: name: a delegated role must not be called targets", [](auto& d) { d["roles"][0]["name"] = "targets"; }},
      {"roles: name: a role's name has 1 to 240 bytes, percent-encoded", [](auto& d) { d["roles"][0]["name"] = ""; }},
      {"roles: name: a role's name has 1 to 240 bytes, percent-encoded",
       [](auto& d) { d["roles"][0]["name"] = std::string(241, 'x'); }},
      {"roles: name: a role's name has 1 to 240 bytes, percent-encoded",
       [](auto& d) { d["roles"][0]["name"] = std::string(81, '.'); }},
      {"roles: A is delegated to twice", [](auto& d) { d["roles"].push_back(nlohmann::json(d["roles"][0])); }},
      {"roles: threshold: is below 1", [](auto& d) { d["roles"][0]["threshold"] = 0; }},
      {"roles: threshold: is below 1", [](auto& d) { d["roles"][0]["threshold"] = -1; }},
      {"roles: threshold: is not an integer", [](auto& d) { d["roles"][0]["threshold"] = "1"; }},
      {"roles: keyids: the same key id twice",
       [](auto& d) {
         d["roles"][0]["keyids"] = {"a", "a"};
       }},
      {"roles: terminating: is neither true nor false", [](auto& d) { d["roles"][0]["terminating"] = 1; }},
      {"roles: a delegation has either paths or path_hash_prefixes",
       [](auto& d) { d["roles"][0]["path_hash_prefixes"] = {"ab"}; }},
      {"roles: paths: holds something that is not a string", [](auto& d) { d["roles"][0]["paths"] = {1}; }},
      {"roles: is missing", [](auto& d) { d.erase("roles"); }},
      {"keys: is missing", [](auto& d) { d.erase("keys"); }},
      {"keys: k: keytype: is missing", [](auto& d) { d["keys"]["k"] = nlohmann::json::object(); }},
  };
  repository.delegate("targets", "A", {"*"});
  repository.list_in_snapshot("A");
  const auto good = repository.content("targets")["delegations"];
  for (const auto& bad : cases) {
    auto bent = good;
    bad.bend(bent);
    repository.content("targets")["delegations"] = bent;
    repository.update("targets");
    const auto done = home.refresh(repository);
    ASSERT_FALSE(done) << bad.says;
    EXPECT_EQ(done.error().text, std::string("targets: delegations: ") + bad.says);
  }
}

// As in the specification's own example.
TEST_F(DelegationTest, WithoutTerminatingItIsNotAndWithoutPathsItSpeaksForNothing) {
  for (const auto* role : {"A", "B", "C"}) repository.delegate("targets", role, {"*"});
  auto& roles = repository.content("targets")["delegations"]["roles"];
  roles[0].erase("terminating");
  roles[1].erase("paths");
  publish({"A", "B", "C"});
  EXPECT_EQ(error_of("missing"), "no such target");
  EXPECT_THAT(home.requests, ElementsAre("1.A.json", "1.C.json"));
}

// Hash bins in a few words (TAP 15).

class SuccinctRolesTest : public DelegationTest {
 protected:
  static constexpr const char* kInBin = "a/b";  // SHA-256 c14cddc0...
  static constexpr const char* kBin = "bins-c1";

  // The one bin that the path falls into, among 256.
  void SetUp() override {
    repository.delegate("targets", kBin, {"*"});
    repository.add_target(kBin, kInBin, "x");
    auto& delegations = repository.content("targets")["delegations"];
    const auto keyids = delegations["roles"][0]["keyids"];
    delegations.erase("roles");
    delegations["succinct_roles"] = {{"keyids", keyids}, {"threshold", 1}, {"bit_length", 8}, {"name_prefix", "bins"}};
  }
};

TEST_F(SuccinctRolesTest, NameTheBinByTheFirstBitsOfThePathsHash) {
  const std::vector<std::pair<unsigned, std::string>> bins{{1, "p-1"},         {4, "p-c"},        {5, "p-18"},
                                                           {8, "p-c1"},        {10, "p-305"},     {16, "p-c14c"},
                                                           {31, "p-60a66ee0"}, {32, "p-c14cddc0"}};
  for (const auto& [bits, name] : bins) EXPECT_EQ((SuccinctRoles{{}, bits, "p"}.role_for(kInBin)), name) << bits;
  EXPECT_EQ((SuccinctRoles{{}, 9, ""}.role_for("4")), "-096") << "with leading zeros";
}

TEST_F(SuccinctRolesTest, TheOneBinOfAPathIsAskedAndVouchesForIt) {
  publish({kBin});
  const auto target = home.find(repository, kInBin);
  ASSERT_TRUE(target) << target.error().text;
  EXPECT_THAT(home.requests, ElementsAre("1.bins-c1.json"));
  EXPECT_THAT(target->authorised_by, ElementsAre(Authority{"targets", 1}, Authority{kBin, 1}));
}

TEST_F(SuccinctRolesTest, ABinThatTheSnapshotDoesNotListIsRefused) {
  publish({kBin});
  EXPECT_THAT(error_of("another path"), HasSubstr("the snapshot does not list the role bins-"));
}

TEST_F(SuccinctRolesTest, ATargetInAWrongBinIsNotFound) {
  repository.add_target(kBin, "another path", "x");
  publish({kBin});
  EXPECT_NE(error_of("another path"), "found");
}

TEST_F(SuccinctRolesTest, ABinThatAStrangerSignedIsRefused) {
  repository.signers(kBin) = {SigningKey::generate().value()};
  publish({kBin});
  EXPECT_THAT(error_of(kInBin), HasSubstr("bins-c1: signed by 0 of its keys, but 1 must sign"));
}

TEST_F(SuccinctRolesTest, NobodyAfterTheBinIsAsked) {
  auto bins = repository.content("targets")["delegations"];
  repository.content("targets").erase("delegations");
  repository.delegate("targets", "A", {"*/*"});
  repository.delegate("targets", "B", {"*/*"});
  repository.content(kBin)["targets"].clear();
  repository.content("A")["delegations"] = std::move(bins);
  publish({kBin, "A", "B"});
  EXPECT_EQ(error_of(kInBin), "no such target");
  EXPECT_THAT(home.requests, ElementsAre("1.A.json", "1.bins-c1.json"));
}

TEST_F(SuccinctRolesTest, MalformedOnesAreRefused) {
  using Bend = std::function<void(nlohmann::json&)>;
  const auto set = [](const char* field, nlohmann::json value) -> Bend {
    return [field, value](auto& d) { d["succinct_roles"][field] = value; };
  };
  const std::vector<std::pair<std::string, Bend>> cases{
      {"there are either roles or succinct_roles", [](auto& d) { d["roles"] = nlohmann::json::array(); }},
      {"succinct_roles: is not an object", [](auto& d) { d["succinct_roles"] = 1; }},
      {"succinct_roles: bit_length: is below 1", set("bit_length", 0)},
      {"succinct_roles: bit_length: is below 1", set("bit_length", -8)},
      {"succinct_roles: bit_length: is above 32", set("bit_length", 33)},
      {"succinct_roles: bit_length: is not an integer", set("bit_length", "8")},
      {"succinct_roles: name_prefix: is not a string", set("name_prefix", nullptr)},
      {"succinct_roles: name_prefix: a role's name has 1 to 240 bytes, percent-encoded",
       set("name_prefix", std::string(238, 'x'))},
      {"succinct_roles: threshold: is below 1", set("threshold", 0)},
      {"succinct_roles: keyids: the same key id twice", set("keyids", {"a", "a"})},
      {"succinct_roles: name_prefix: is missing", [](auto& d) { d["succinct_roles"].erase("name_prefix"); }},
  };
  const auto good = repository.content("targets")["delegations"];
  for (const auto& [says, bend] : cases) {
    auto bent = good;
    bend(bent);
    repository.content("targets")["delegations"] = bent;
    repository.update("targets");
    const auto done = home.refresh(repository);
    ASSERT_FALSE(done) << says;
    EXPECT_EQ(done.error().text, "targets: delegations: " + says);
  }
}

// Path tricks in target names.

TEST_F(DelegationTest, TargetPathsThatCouldLeadElsewhereAreRefused) {
  publish({});
  for (const auto* path :
       {"", "/etc/passwd", "../x", "a/../b", "a/..", "./a", "a//b", "a/", "a\\b", "a\nb", "a\x1b[2J", "\xFF",
        "\xE2\x80\xAE"
        "abc"}) {
    const auto found = home.find(repository, path);
    ASSERT_FALSE(found) << path;
    EXPECT_EQ(found.error().code, Errc::invalid_argument) << path;
  }
  EXPECT_FALSE(check_target_path(std::string(1025, 'a')));
  EXPECT_EQ(check_target_path("../x").error().text,
            "\"../x\" is no path of a target; one looks like vendor.example/lamp/catalog.json");
}

TEST_F(DelegationTest, TargetPathsAreEncodedForTheUrl) {
  EXPECT_EQ(target_fetch_path("a b/c#d?e%f.bin"), "a%20b/c%23d%3Fe%25f.bin");
  EXPECT_EQ(target_fetch_path("a/b", "ff"), "a/ff.b");
  EXPECT_EQ(target_fetch_path("b", "ff"), "ff.b");
  EXPECT_EQ(target_fetch_path("a/..b", "ff"), "a/ff...b");
}

TEST_F(DelegationTest, WithoutConsistentSnapshotsATargetIsFetchedByItsName) {
  repository.content("root")["consistent_snapshot"] = false;
  repository.update("root");
  repository.add_target("targets", "a/b.bin", "x");
  publish({});
  EXPECT_THAT(home.find(repository, "a/b.bin")->fetch_paths, ElementsAre("a/b.bin"));
}

TEST_F(DelegationTest, EveryHashThatIsKnownNamesAFile) {
  repository.add_target("targets", "b.bin", "x");
  repository.content("targets")["targets"]["b.bin"]["hashes"]["sha512"] = sha512_hex("x");
  repository.content("targets")["targets"]["b.bin"]["hashes"]["blake3"] = "../../etc";
  publish({});
  EXPECT_THAT(home.find(repository, "b.bin")->fetch_paths,
              ElementsAre(sha256("x").hex() + ".b.bin", sha512_hex("x") + ".b.bin"));
}

TEST_F(DelegationTest, ALookupBeforeTheRefreshIsAMistakeAndSaysSo) {
  auto client =
      Client::open([this](std::string_view) -> Result<std::string> { return home.stored["root"]; }, home.clock).value();
  EXPECT_FALSE(client.begin_lookup("a"));
}

}  // namespace
}  // namespace homepatch::tuf
