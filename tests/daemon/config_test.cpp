// Every way to write the configuration wrongly, with what the person who wrote it gets to read.
#include "daemon/config.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <fstream>
#include <regex>

#include "base/file.hpp"
#include "tests/support/scratch_folder.hpp"

namespace homepatch::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ConfigTest : public ::testing::Test {
 protected:
  ConfigTest() { put(folder / "acme.root.json", "{}"); }

  static void put(const std::filesystem::path& path, const std::string& content, unsigned mode = 0644) {
    std::ofstream(path) << content;
    std::filesystem::permissions(path, std::filesystem::perms(mode));
  }
  [[nodiscard]] Result<Config> load(const std::string& text) const {
    put(file, text);
    return load_config(file);
  }
  void drop_in(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories(folder / "homepatchd.d");
    put(folder / "homepatchd.d" / name, text);
  }
  // The text is refused, with a message that names the line and holds each of the parts.
  void refuses(const std::string& text, int line, const std::vector<std::string>& parts) const {
    const auto loaded = load(text);
    ASSERT_FALSE(loaded) << text;
    const auto& said = loaded.error().text;
    EXPECT_THAT(said, HasSubstr(file.string() + ":" + std::to_string(line) + ": "));
    EXPECT_EQ(said.find(file.string()), said.rfind(file.string())) << "named twice: " << said;
    for (const auto& part : parts) EXPECT_THAT(said, HasSubstr(part));
  }
  [[nodiscard]] std::string feed(const std::string& name) const {
    return "[[feed]]\nname = \"" + name + "\"\nurl = \"https://updates.acme.example/f\"\nroot = \"" +
           (folder / "acme.root.json").string() + "\"\n";
  }

  ScratchFolder folder;
  const std::filesystem::path file = folder / "homepatchd.toml";
};

TEST_F(ConfigTest, AnEmptyFileIsTheDefaults) {
  const auto config = load("");
  ASSERT_TRUE(config) << config.error().text;
  EXPECT_EQ(*config, Config());
}

// What people read is what the program does.
TEST_F(ConfigTest, ThePackagedFileIsTheDefaults) {
  const auto text = read_file(std::string(HOMEPATCH_SOURCE_ROOT) + "/config/homepatchd.toml", 1U << 20U).value();
  const auto config = load(text);
  ASSERT_TRUE(config) << config.error().text;
  EXPECT_EQ(*config, Config());
}

TEST_F(ConfigTest, WhatIsCommentedOutInThePackagedFileMayBeTakenIn) {
  auto text = read_file(std::string(HOMEPATCH_SOURCE_ROOT) + "/config/homepatchd.toml", 1U << 20U).value();
  text = std::regex_replace(text, std::regex("\n# (\\[\\[|[a-z_]+ = )"), "\n$1");
  text = std::regex_replace(text, std::regex("/etc/homepatch/feeds"), folder.path().string());
  text = std::regex_replace(text, std::regex("/etc/homepatch/mqtt-password"), (folder / "secret").string());
  put(folder / "secret", "pass\n", 0640);
  const auto config = load(text);
  ASSERT_TRUE(config) << config.error().text;
  ASSERT_EQ(config->feeds.size(), 1U);
  EXPECT_EQ(config->feeds[0].url, "https://updates.acme.example/homepatch");
  EXPECT_THAT(config->feeds[0].vendors, ElementsAre("acme.example"));
  ASSERT_EQ(config->indexes.size(), 1U);
  EXPECT_EQ(config->indexes[0].kind, IndexKind::zigbee);
}

TEST_F(ConfigTest, AMissingFileIsNamed) {
  const auto loaded = load_config(folder / "none.toml");
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, Errc::not_found);
  EXPECT_THAT(loaded.error().text, HasSubstr((folder / "none.toml").string()));
}

TEST_F(ConfigTest, WhatIsNoTomlIsRefusedWithItsLine) {
  refuses("state = \"/a\"\nclock = \n", 2, {});
  refuses("[mqtt\nport = 1\n", 1, {});
  refuses("log = \"info\"\nlog = \"debug\"\n", 2, {});
  refuses("\n\nname = \"\xFF\"\n", 3, {});
}

TEST_F(ConfigTest, AnUnknownKeyIsRefusedWithThoseThatAreKnown) {
  refuses("\nstat = \"/var\"\n", 2, {"unknown key 'stat'", "known here: ", "state", "clock", "refresh_interval"});
  refuses("[mqtt]\nhost = \"a\"\nprot = 1\n", 3, {"unknown key 'prot' in [mqtt]", "port"});
  refuses("[coap]\nsecure = true\n", 2, {"in [coap]"});
  refuses("[http]\nlisten = 1\n", 2, {"in [http]"});
  refuses("[network]\ninterface = \"lo\"\n", 2, {"in [network]", "interfaces"});
  refuses("[cache]\nquota = 1\n", 2, {"in [cache]", "quota_mib"});
  refuses("[policy]\nauto = true\n", 2, {"in [policy]", "updates"});
  refuses("[update]\nretries = 1\n", 2, {"in [update]", "max_attempts"});
  refuses("[[feed]]\nname = \"a\"\nkey = \"x\"\n", 3, {"in [feed]", "root"});
  refuses("[tls]\nx = 1\n", 1, {"unknown key 'tls'"});
}

TEST_F(ConfigTest, AKeyThatCouldSteerATerminalIsMadePrintable) {
  const auto loaded = load("\"\\u001b[31mred\" = 1\n");
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().text.find('\x1b'), std::string::npos);
}

TEST_F(ConfigTest, AWrongTypeIsRefusedWithWhatIsThere) {
  refuses("state = 7\n", 1, {"state: must be text in quotes; it is 7"});
  refuses("max_devices = \"many\"\n", 1, {"max_devices: must be a whole number from 1 to 100000; it is \"many\""});
  refuses("max_devices = 1.5\n", 1, {"it is 1.5"});
  refuses("[mqtt]\nenabled = \"yes\"\n", 2, {"[mqtt] enabled: must be true or false, without quotes; it is \"yes\""});
  refuses("[mqtt]\nport = true\n", 2, {"[mqtt] port: must be a whole number from 1 to 65535; it is true"});
  refuses("[mqtt]\nhost = [\"a\"]\n", 2, {"[mqtt] host: must be text in quotes; it is a list"});
  refuses("mqtt = \"here\"\n", 1, {"mqtt: must be a table, its name in [ ]", "it is \"here\""});
  refuses("[network]\ninterfaces = \"eth0\"\n", 2,
          {"must be a list of 1 to 64 texts, like [\"one\"", "it is \"eth0\""});
  refuses("[network]\ninterfaces = [1]\n", 2, {"[network] interfaces: must be text in quotes; it is 1"});
  refuses("[update]\nsoak = \"long\"\n", 2, {"[update] soak: must be a number of seconds"});
  refuses("[policy]\noperator_automatic = \"yes\"\n", 2, {"[policy] operator_automatic: must be true or false"});
  refuses("refresh_interval = 2026-01-01\n", 1, {"it is a date or time"});
  refuses("feed = \"acme\"\n", 1, {"feed: must be written as [[feed]]"});
  refuses("[feed]\nname = \"acme\"\n", 1, {"must be written as [[feed]], with two brackets"});
}

TEST_F(ConfigTest, ANumberOutOfItsRangeIsRefusedWithTheRange) {
  refuses("max_devices = 0\n", 1, {"from 1 to 100000; it is 0"});
  refuses("max_devices = 100001\n", 1, {"it is 100001"});
  refuses("refresh_interval = 0\n", 1, {"refresh_interval: must be a number of seconds from 1 to 100000000; it is 0"});
  refuses("refresh_interval = 0.5\n", 1, {"it is 0.5"});
  refuses("refresh_interval = 1e9\n", 1, {"from 1 to 100000000"});
  refuses("[mqtt]\nport = 0\n", 2, {"from 1 to 65535"});
  refuses("[mqtt]\nport = 65536\n", 2, {"from 1 to 65535"});
  refuses("[coap]\nport = -1\n", 2, {"[coap] port: must be a whole number from 0 to 65535; it is -1"});
  refuses("[http]\nport = 70000\n", 2, {"[http] port"});
  refuses("[cache]\nquota_mib = 0\n", 2, {"[cache] quota_mib: must be a whole number from 1 to 1000000; it is 0"});
  refuses("[cache]\nkeep_free_mib = -1\n", 2, {"[cache] keep_free_mib: must be a whole number from 0"});
  refuses("[policy]\nmax_under_way = 65\n", 2, {"[policy] max_under_way: must be a whole number from 1 to 64"});
  refuses("[update]\nmax_attempts = 0\n", 2, {"[update] max_attempts: must be a whole number from 1 to 20"});
  refuses("[update]\nsoak = -1\n", 2, {"[update] soak: must be a number of seconds from 0"});
  refuses("[update]\nsoak = nan\n", 2, {"[update] soak"});
  refuses("[update]\nsoak = inf\n", 2, {"[update] soak"});
  refuses("[network]\ninterfaces = []\n", 2, {"a list of 1 to 64 texts"});
  refuses("[network]\ninterfaces = [\"\"]\n", 2, {"an empty or unprintable text"});
}

TEST_F(ConfigTest, AWordThatHasNoMeaningIsRefusedWithThoseThatHave) {
  refuses("clock = \"sundial\"\n", 1, {R"(clock: must be "kernel" or "trust"; it is "sundial")"});
  refuses("log = \"loud\"\n", 1, {R"(log: must be "error", "warning", "notice", "info" or "debug"; it is "loud")"});
  refuses("[policy]\naccept_new = \"never\"\n", 2, {R"([policy] accept_new: must be "ask" or "always")"});
  refuses("[policy]\nupdates = \"manual\"\n", 2, {R"([policy] updates: must be "automatic" or "ask")"});
  refuses("state = \"here\"\n", 1, {"state: must be a path that begins with /; it is \"here\""});
  refuses("[cache]\nfolder = \"~/cache\"\n", 2, {"[cache] folder: must be a path that begins with /"});
  refuses("[mqtt]\nhost = \"\"\n", 2, {"[mqtt] host: must be plain text of 1 to 255 bytes"});
  refuses("[mqtt]\nclient_id = \"a\\u0007\"\n", 2, {"[mqtt] client_id: must be plain text"});
}

TEST_F(ConfigTest, AFeedThatIsNotWholeIsRefused) {
  refuses("\n[[feed]]\nurl = \"https://a.example\"\nroot = \"/r\"\n", 2, {"a feed needs a name", "name = \"acme\""});
  refuses("[[feed]]\nname = \"a b\"\n", 1, {"letters, digits, '-' and '_'"});
  refuses("[[feed]]\nname = \"" + std::string(41, 'x') + "\"\n", 1, {"1 to 40 letters"});
  refuses("[[feed]]\nname = \"acme\"\nroot = \"/r\"\n", 1, {"feed 'acme' needs url"});
  refuses("[[feed]]\nname = \"acme\"\nurl = \"https://a.example\"\n", 1, {"feed 'acme' needs root"});
  refuses("[[feed]]\nname = \"acme\"\nurl = \"ftp://a.example\"\n", 3, {"[feed] url: ", "http"});
  refuses("[[feed]]\nname = \"acme\"\nurl = \"https://user:pass@a.example\"\n", 3, {"[feed] url: "});
  refuses("[[feed]]\nname = \"acme\"\nroot = \"root.json\"\n", 3, {"[feed] root: must be a path that begins with /"});
}

TEST_F(ConfigTest, TwoFeedsOfOneNameAreRefusedAlsoAcrossFiles) {
  refuses(feed("acme") + feed("acme"), 5, {"there is another feed named 'acme'", "give one of them another name"});
  drop_in("10-more.toml", feed("acme"));
  const auto loaded = load(feed("acme"));
  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error().text, HasSubstr("10-more.toml:1: there is another feed named 'acme'"));
}

TEST_F(ConfigTest, MirrorsAndVendorsOfAFeedAreJudged) {
  refuses(feed("acme") + "mirrors = [\"ftp://a.example\"]\n", 5, {"[feed] mirrors: "});
  refuses(feed("acme") + "mirrors = \"https://a.example\"\n", 5, {"[feed] mirrors: must be a list of at most 16"});
  refuses(feed("acme") + "vendors = [\"Acme Inc\"]\n", 1, {"vendors: 'Acme Inc' must be a domain name"});
  refuses(feed("a") + "vendors = [\"acme.example\"]\n" + feed("b") + "vendors = [\"acme.example\"]\n", 6,
          {"the feeds 'a' and 'b' both speak for acme.example"});
  const auto config = load(feed("acme") + "mirrors = [\"https://a.example/f//\"]\nhosts = [\"cdn.example\"]\n");
  ASSERT_TRUE(config) << config.error().text;
  EXPECT_THAT(config->feeds[0].mirrors, ElementsAre("https://a.example/f"));
}

TEST_F(ConfigTest, NoFeedMayBeCalledAsImportedImagesAre) {
  refuses(feed("local"), 1, {"a feed may not be named 'local'"});
}

TEST_F(ConfigTest, AnIndexIsAFileOnTheWebOrOnTheGateway) {
  const auto config = load(
      "[[index]]\nname = \"z2m\"\nkind = \"zigbee\"\nurl = \"https://a.example/index.json\"\nhosts = [\"b.example\"]\n"
      "[[index]]\nname = \"lamp\"\nkind = \"esp\"\nfile = \"/var/lamp.json\"\n");
  ASSERT_TRUE(config) << config.error().text;
  ASSERT_EQ(config->indexes.size(), 2U);
  EXPECT_EQ(config->indexes[0],
            (IndexConfig{"z2m", IndexKind::zigbee, "https://a.example/index.json", {"b.example"}, {}}));
  EXPECT_EQ(config->indexes[1], (IndexConfig{"lamp", IndexKind::esp, "", {}, "/var/lamp.json"}));
}

TEST_F(ConfigTest, AnIndexThatIsNotWholeIsRefused) {
  const std::string begin = "\n[[index]]\nname = \"z2m\"\n";
  refuses("\n[[index]]\nkind = \"esp\"\nfile = \"/x\"\n", 2, {"an index needs a name", "name = \"z2m\""});
  refuses("[[index]]\nname = \"../x\"\nkind = \"esp\"\nfile = \"/x\"\n", 1, {"letters, digits, '-' and '_'"});
  refuses(begin + "file = \"/x\"\n", 2, {"index 'z2m' needs kind"});
  refuses(begin + "kind = \"zwave\"\n", 4, {R"([index] kind: must be "zigbee")", R"("esp")", R"(it is "zwave")"});
  refuses(begin + "kind = \"esp\"\n", 2, {"index 'z2m' needs either url", "or file"});
  refuses(begin + "kind = \"esp\"\nfile = \"/x\"\nurl = \"https://a.example/x\"\n", 2, {"needs either url"});
  refuses(begin + "file = \"x.json\"\n", 4, {"[index] file: must be a path that begins with /"});
  refuses(begin + "url = \"ftp://a.example/x\"\n", 4, {"[index] url: "});
  refuses(begin + "root = \"/x\"\n", 4, {"unknown key 'root' in [index]", "hosts, kind, name"});
  refuses("index = \"z2m\"\n", 1, {"index: must be written as [[index]]"});
  const std::string whole = "[[index]]\nname = \"z2m\"\nkind = \"esp\"\nfile = \"/x\"\n";
  refuses(whole + whole, 5, {"there is another index named 'z2m'"});
  std::string many;
  for (int i = 0; i < 17; ++i)
    many += "[[index]]\nname = \"i" + std::to_string(i) + "\"\nkind = \"esp\"\nfile = \"/x\"\n";
  refuses(many, 16 * 4 + 1, {"more than 16 indexes"});
}

TEST_F(ConfigTest, FeedsAreLimited) {
  std::string text;
  for (int i = 0; i < 33; ++i) text += feed("feed-" + std::to_string(i));
  refuses(text, 32 * 4 + 1, {"more than 32 feeds"});
}

TEST_F(ConfigTest, DropInsAreReadInTheOrderOfTheirNamesOverTheFile) {
  drop_in("20-later.toml", "[mqtt]\nhost = \"later\"\n" + feed("second"));
  drop_in("10-earlier.toml", "[mqtt]\nhost = \"earlier\"\nport = 1884\n" + feed("first"));
  drop_in("30-not.conf", "nonsense");
  drop_in(".40-editor.toml", "nonsense");
  const auto config = load("max_devices = 5\n[mqtt]\nhost = \"file\"\nuser = \"file\"\n");
  ASSERT_TRUE(config) << config.error().text;
  EXPECT_EQ(config->mqtt.host, "later");
  EXPECT_EQ(config->mqtt.port, 1884);
  EXPECT_EQ(config->mqtt.user, "file");
  EXPECT_EQ(config->max_devices, 5U);
  ASSERT_EQ(config->feeds.size(), 2U);
  EXPECT_EQ(config->feeds[0].name, "first");
  EXPECT_EQ(config->feeds[0].url, "https://updates.acme.example/f");
}

TEST_F(ConfigTest, ADropInThatIsWrongIsNamedWithItsOwnLine) {
  drop_in("50.toml", "\n[mqtt]\nport = 0\n");
  const auto loaded = load("");
  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error().text, HasSubstr("homepatchd.d/50.toml:3: [mqtt] port"));
}

TEST_F(ConfigTest, AFileInThePlaceOfTheDropInsIsNotIgnored) {
  put(folder / "homepatchd.d", "");
  const auto loaded = load("");
  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error().text, HasSubstr("reading the folder " + (folder / "homepatchd.d").string()));
}

TEST_F(ConfigTest, AFileOutOfAllProportionIsRefused) {
  EXPECT_EQ(load("#" + std::string(300'000, ' ')).error().code, Errc::too_large);
}

class ConfigSecrets : public ConfigTest {
 protected:
  [[nodiscard]] std::string with_password() const {
    return "[mqtt]\nuser = \"homepatch\"\npassword_file = \"" + (folder / "secret").string() + "\"\n";
  }
  void refused_with(const std::string& text, const std::vector<std::string>& parts) const {
    const auto loaded = load(text);
    ASSERT_FALSE(loaded);
    for (const auto& part : parts) EXPECT_THAT(loaded.error().text, HasSubstr(part));
    EXPECT_EQ(loaded.error().text.find("swordfish"), std::string::npos);
  }
};

TEST_F(ConfigSecrets, APasswordOfOneLineForItsReadersOnlyIsFine) {
  put(folder / "secret", "swordfish\n", 0640);
  EXPECT_TRUE(load(with_password()));
}

TEST_F(ConfigSecrets, APasswordWithoutAUserIsRefused) {
  put(folder / "secret", "swordfish\n", 0600);
  refused_with("[mqtt]\npassword_file = \"" + (folder / "secret").string() + "\"\n",
               {"[mqtt] password_file: a password goes with a user"});
}

TEST_F(ConfigSecrets, APasswordThatEverybodyMayReadIsRefusedWithTheCommand) {
  put(folder / "secret", "swordfish\n", 0644);
  const auto path = (folder / "secret").string();
  refused_with(with_password(), {"[mqtt] password_file: everybody may read " + path, "run: chmod o= " + path});
}

TEST_F(ConfigSecrets, APasswordThatIsMissingEmptyOrManyLinesIsRefused) {
  const auto path = (folder / "secret").string();
  refused_with(with_password(), {"[mqtt] password_file: reading " + path, "No such file"});
  put(folder / "secret", "\n", 0600);
  refused_with(with_password(), {path + " is empty"});
  put(folder / "secret", "swordfish\nsecond\n", 0600);
  refused_with(with_password(), {path + " has more than one line"});
  std::filesystem::remove(folder / "secret");
  std::filesystem::create_directory(folder / "secret");
  refused_with(with_password(), {path + " is not a regular file"});
}

TEST_F(ConfigSecrets, AWrongPasswordFileOfABrokerThatIsOffIsNobodysBusiness) {
  EXPECT_TRUE(load(with_password() + "enabled = false\n"));
}

TEST_F(ConfigSecrets, ADropInMayPutAPasswordFileRight) {
  put(folder / "good", "swordfish", 0600);
  drop_in("1.toml", "[mqtt]\npassword_file = \"" + (folder / "good").string() + "\"\n");
  EXPECT_TRUE(load(with_password()));
}

TEST_F(ConfigSecrets, ARootThatEverybodyMayChangeIsRefusedWithTheCommand) {
  const auto path = (folder / "acme.root.json").string();
  put(path, "{}", 0666);
  refused_with(feed("acme"), {"root of feed acme: everybody may change " + path, "run: chmod o-w " + path});
}

TEST_F(ConfigSecrets, ARootThatIsMissingIsNamed) {
  std::filesystem::remove(folder / "acme.root.json");
  refused_with(feed("acme"), {"root of feed acme: reading ", "acme.root.json", "No such file"});
}

}  // namespace
}  // namespace homepatch::test
