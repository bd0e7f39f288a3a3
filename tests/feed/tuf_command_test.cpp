// homepatch-tuf as a program, against repositories that a real HTTP server gives out: what the public conformance suite
// asks of a client (its command line, its files, its requests), and what attacks look like from outside.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <mutex>

#include "base/file.hpp"
#include "base/text.hpp"
#include "support/child.hpp"
#include "support/raw_http_server.hpp"
#include "support/scratch_folder.hpp"
#include "tests/trust/repository.hpp"
#include "trust/hash.hpp"

namespace homepatch::tuf {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class TufCommandTest : public ::testing::Test {
 protected:
  int run(std::vector<std::string> arguments, const std::vector<std::string>& in_front = {}) {
    arguments.insert(arguments.begin(), {HOMEPATCH_TUF, "--metadata-dir", metadata.string()});
    arguments.insert(arguments.begin(), in_front.begin(), in_front.end());
    serve();
    test::Child program(arguments);
    const auto status = program.wait();
    said = program.output();
    return status.value_or(-1);
  }

  int init(const std::string& root) {
    EXPECT_TRUE(write_file_atomically(folder / "trusted.json", root));
    return run({"init", (folder / "trusted.json").string()});
  }
  int init() { return init(repository.files.at("1.root.json")); }
  int refresh(const std::vector<std::string>& in_front = {}) {
    return run({"--metadata-url", server.url("/metadata/"), "refresh"}, in_front);
  }
  int download(const std::vector<std::string>& names) {
    std::vector<std::string> arguments{"--metadata-url", server.url("/metadata")};
    for (const auto& name : names) arguments.insert(arguments.end(), {"--target-name", name});
    arguments.insert(arguments.end(),
                     {"--target-dir", targets.string(), "--target-base-url", server.url("/targets/"), "download"});
    return run(arguments);
  }

  // The server gives out the repository as it stands when a command begins.
  void serve() {
    const std::lock_guard lock(mutex);
    files.clear();
    for (const auto& [path, bytes] : repository.files) files["/metadata/" + path] = bytes;
    for (const auto& [path, bytes] : target_files) files["/targets/" + path] = bytes;
    asked.clear();
  }

  void add_target(const std::string& role, const std::string& path, const std::string& bytes) {
    repository.add_target(role, path, bytes);
    const auto slash = path.rfind('/') + 1;
    target_files[path.substr(0, slash) + sha256(bytes).hex() + "." + percent_encode(path.substr(slash))] = bytes;
  }

  std::vector<std::string> requests() {
    const std::lock_guard lock(mutex);
    return asked;
  }

  static std::vector<std::string> names_in(const std::filesystem::path& where) {
    std::vector<std::string> out;
    std::error_code none;
    for (const auto& entry : std::filesystem::directory_iterator(where, none)) out.push_back(entry.path().filename());
    return out;
  }

  std::string stored(const std::string& name) const { return read_file(metadata / name, 10'000'000).value_or(""); }

  test::ScratchFolder folder;
  std::filesystem::path metadata = folder / "metadata";
  std::filesystem::path targets = folder / "targets";
  Repository repository;
  std::map<std::string, std::string> target_files;
  std::string said;

  std::mutex mutex;
  std::map<std::string, std::string> files;
  std::vector<std::string> asked;
  test::RawHttpServer server{[this](test::RawHttpServer::Exchange& exchange) {
    const std::lock_guard lock(mutex);
    const auto path = exchange.path();
    asked.push_back(path);
    const auto found = files.find(path);
    return found != files.end() ? exchange.answer(200, found->second) : exchange.answer(404, "no such file");
  }};
};

TEST_F(TufCommandTest, InitAsksNobodyAndKeepsTheRootAsItIs) {
  EXPECT_EQ(init(), 0) << said;
  EXPECT_THAT(requests(), IsEmpty());
  EXPECT_THAT(names_in(metadata), ElementsAre("root.json"));
  EXPECT_EQ(stored("root.json"), repository.files.at("1.root.json"));
}

TEST_F(TufCommandTest, InitRefusesARootWithoutItsOwnSignatures) {
  repository.signers("root").clear();
  repository.publish("root");
  EXPECT_EQ(init(), 1);
  EXPECT_THAT(said, HasSubstr("homepatch-tuf: "));
  EXPECT_THAT(names_in(metadata), IsEmpty());
  EXPECT_EQ(init("{}"), 1);
  EXPECT_EQ(init("not json"), 1);
  EXPECT_EQ(run({"init", (folder / "missing").string()}), 1);
}

TEST_F(TufCommandTest, RefreshAsksInOrderAndKeepsUnversionedNames) {
  init();
  ASSERT_EQ(refresh(), 0) << said;
  EXPECT_THAT(requests(), ElementsAre("/metadata/2.root.json", "/metadata/timestamp.json", "/metadata/1.snapshot.json",
                                      "/metadata/1.targets.json"));
  EXPECT_THAT(names_in(metadata), UnorderedElementsAre("root.json", "timestamp.json", "snapshot.json", "targets.json"));
  EXPECT_EQ(stored("snapshot.json"), repository.files.at("1.snapshot.json"));
  ASSERT_EQ(refresh(), 0) << said;
  EXPECT_THAT(requests(), ElementsAre("/metadata/2.root.json", "/metadata/timestamp.json"));
}

TEST_F(TufCommandTest, RefreshWithoutInitSaysSo) {
  EXPECT_EQ(refresh(), 1);
  EXPECT_THAT(said, HasSubstr("root"));
  EXPECT_THAT(requests(), IsEmpty());
}

TEST_F(TufCommandTest, ARolledBackTimestampIsRefusedAndWhatWasTrustedStays) {
  init();
  const auto old = repository.files;
  repository.update("timestamp");
  ASSERT_EQ(refresh(), 0) << said;
  const auto trusted = stored("timestamp.json");
  repository.files["timestamp.json"] = old.at("timestamp.json");
  EXPECT_EQ(refresh(), 1);
  EXPECT_EQ(stored("timestamp.json"), trusted);
}

TEST_F(TufCommandTest, DownloadsTargetsInOrderAndStopsAtTheFirstFailure) {
  add_target("targets", "lamp/fw.bin", "image");
  add_target("targets", "last.bin", "last");
  repository.update("targets");
  init();
  EXPECT_EQ(download({"lamp/fw.bin", "missing.bin", "last.bin"}), 1);
  EXPECT_THAT(said, HasSubstr("missing.bin"));
  EXPECT_THAT(names_in(targets), ElementsAre("lamp%2Ffw.bin"));
  EXPECT_EQ(read_file(targets / "lamp%2Ffw.bin", 100).value_or(""), "image");
  ASSERT_EQ(download({"lamp/fw.bin", "last.bin"}), 0) << said;
  EXPECT_THAT(names_in(targets), UnorderedElementsAre("lamp%2Ffw.bin", "last.bin"));
}

TEST_F(TufCommandTest, ATargetThatIsThereIsNotFetchedAgain) {
  add_target("targets", "fw.bin", "image");
  repository.update("targets");
  init();
  ASSERT_EQ(download({"fw.bin"}), 0) << said;
  ASSERT_EQ(download({"fw.bin"}), 0) << said;
  EXPECT_THAT(requests(), ElementsAre("/metadata/2.root.json", "/metadata/timestamp.json"));
  // One that was changed on the disk is.
  EXPECT_TRUE(write_file_atomically(targets / "fw.bin", "IMAGE"));
  ASSERT_EQ(download({"fw.bin"}), 0) << said;
  EXPECT_EQ(read_file(targets / "fw.bin", 100).value_or(""), "image");
}

TEST_F(TufCommandTest, OtherBytesAreRefusedAndLeaveNothing) {
  add_target("targets", "fw.bin", "image");
  repository.update("targets");
  init();
  for (const std::string served : {"imagE", "imag", "image and more"}) {
    target_files.begin()->second = served;
    EXPECT_EQ(download({"fw.bin"}), 1) << served;
    EXPECT_THAT(names_in(targets), IsEmpty());
  }
}

TEST_F(TufCommandTest, OddRoleNamesChooseNoPath) {
  init();
  for (const std::string name : {"../delegated", "/delegated", "a?b", "a#b", "."}) {
    repository.delegate("targets", name, {"*"});
  }
  add_target("../delegated", "fw.bin", "image");
  repository.update("targets");
  for (const std::string name : {"../delegated", "/delegated", "a?b", "a#b", "."}) repository.update(name);
  ASSERT_EQ(download({"fw.bin"}), 0) << said;
  EXPECT_THAT(requests(), ::testing::Contains(::testing::EndsWith(".%2Fdelegated.json")));
  EXPECT_TRUE(std::filesystem::exists(metadata / "..%2Fdelegated.json"));
  EXPECT_THAT(names_in(folder.path()), UnorderedElementsAre("metadata", "targets", "trusted.json"));
}

TEST_F(TufCommandTest, ExpiryIsJudgedByTheSystemsClockEvenAPreloadedOne) {
  init();
  ASSERT_EQ(refresh({"faketime", "2029-12-30 00:00:00"}), 0) << said;
  EXPECT_EQ(refresh({"faketime", "2030-01-02 00:00:00"}), 1);
  EXPECT_THAT(said, HasSubstr("expired"));
  EXPECT_EQ(refresh({"faketime", "2020-01-01 00:00:00"}), 0) << said;
}

TEST_F(TufCommandTest, AServerThatIsAwayIsAnErrorAndNotAMissingFile) {
  init();
  EXPECT_EQ(run({"--metadata-url", "http://127.0.0.1:1/", "refresh"}), 1);
  EXPECT_THAT(said, HasSubstr("127.0.0.1:1 cannot be reached"));
}

TEST_F(TufCommandTest, PlainHttpBeyondTheHomeMustBeAllowed) {
  init();
  EXPECT_EQ(run({"--metadata-url", "http://192.0.2.1/", "refresh"}), 1);
  EXPECT_THAT(said, HasSubstr("use https://"));
}

TEST_F(TufCommandTest, SaysWhatIsMissingOnItsCommandLine) {
  EXPECT_EQ(run({"refresh"}), 1);
  EXPECT_THAT(said, HasSubstr("--metadata-url is missing"));
  EXPECT_EQ(run({}), 1);
  EXPECT_EQ(run({"--help"}), 0);
}

}  // namespace
}  // namespace homepatch::tuf
