// The program as a person or a script meets it.
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "base/file.hpp"
#include "child.hpp"
#include "pretend_lwm2m_server.hpp"
#include "sim/image/esp_image.hpp"
#include "sim/image/mcuboot_image.hpp"

namespace homepatch::sim {
namespace {

class CommandLineTest : public ::testing::Test {
 protected:
  ~CommandLineTest() override { ::unlink(path.c_str()); }

  std::unique_ptr<Child> run(std::vector<std::string> words) {
    const char* program = std::getenv("HOMEPATCH_SIM");
    words.insert(words.begin(), program != nullptr ? program : "homepatch-sim");
    return std::make_unique<Child>(*loop, std::move(words));
  }
  // Runs to its end; the exit status is checked, what it printed returned.
  std::string output(const std::vector<std::string>& words, int expected_status) {
    const auto child = run(words);
    EXPECT_EQ(child->await_end(), expected_status) << child->output();
    return child->output();
  }

  std::unique_ptr<EventLoop> loop = EventLoop::open().value();
  const std::string path = "/tmp/homepatch-test-" + std::to_string(::getpid()) + ".out";
};

TEST_F(CommandLineTest, MakesAnEspImageThatItsReaderUnderstands) {
  const auto said = output({"make-image", "--format", "esp", "--version", "15.0.1", "--name", "tasmota", "--chip",
                            "ESP32-C3", "--size", "4000", "--out", path},
                           0);
  EXPECT_NE(said.find("version=15.0.1 bytes=4000"), std::string::npos) << said;
  const auto reader = make_esp_reader(EspChip::esp32_c3);
  reader->add(read_file(path, 10'000).value());
  EXPECT_EQ(reader->finish()->version, "15.0.1");
}

TEST_F(CommandLineTest, MakesAnImageWithAnotherVersionInsideOnRequest) {
  output({"make-image", "--format", "mcuboot", "--version", "1.2.0", "--size", "4000", "--fault", "wrong-version",
          "--out", path},
         0);
  const auto reader = make_mcuboot_reader();
  reader->add(read_file(path, 10'000).value());
  EXPECT_EQ(reader->finish()->version, "0.0.0");
}

TEST_F(CommandLineTest, SaysWhatIsWrongAndFails) {
  EXPECT_NE(output({"make-image", "--format", "mcuboot", "--version", "banana", "--size", "4000", "--out", path}, 1)
                .find("'banana' is no MCUboot version"),
            std::string::npos);
  EXPECT_NE(output({"tasmota", "--broker", "somewhere"}, 1).find("127.0.0.1:1883"), std::string::npos);
  EXPECT_NE(output({"tasmota", "--broker", "h:1", "--first-mac", "xyz"}, 1).find("12 hexadecimal"), std::string::npos);
  EXPECT_NE(output({"tasmota", "--broker", "h:1", "--address", "0.0.0.0"}, 1).find("127.0.0.0/8"), std::string::npos);
  EXPECT_NE(output({"tasmota", "--broker", "h:1", "--fault", "banana"}, 1).find("'banana' is no fault"),
            std::string::npos);
  EXPECT_NE(output({"tasmota", "--broker", "h:1", "--flow", "safeboot", "--chip", "ESP8266EX"}, 1).find("--chip"),
            std::string::npos);
  EXPECT_NE(output({"lwm2m", "--server", "name:5683"}, 1).find("IPv4"), std::string::npos);
  output({"tasmota"}, 1);
  output({"banana"}, 1);
  output({"tasmota", "--broker", "h:1", "--password-file", "/nonexistent"}, 3);
}

TEST_F(CommandLineTest, RunsManyDevicesAndTakesThemAllBackOnSigterm) {
  PretendLwm2mServer server(*loop);
  const auto sim = run({"lwm2m", "--server", to_string(server.peer()), "--count", "50"});
  ASSERT_TRUE(sim->await(" registered ", 50)) << sim->output();
  sim->signal(SIGTERM);
  EXPECT_EQ(sim->await_end(), 0);
  EXPECT_EQ(server.count(4), 50U);
}

TEST_F(CommandLineTest, RunsForAWhileAndEndsByItself) {
  TestBroker broker(*loop);
  ASSERT_TRUE(broker.start());
  const auto sim = run({"tasmota", "--broker", "127.0.0.1:" + std::to_string(broker.port()), "--count", "3",
                        "--announce-delay", "10", "--run-for", "1"});
  EXPECT_EQ(sim->await_end(), 0);
  EXPECT_TRUE(sim->await(" ready", 3)) << sim->output();
  EXPECT_NE(sim->output().find("tasmota_000003 online address=127.1.0.3 mac=A0B1C2000003"), std::string::npos);
}

}  // namespace
}  // namespace homepatch::sim
