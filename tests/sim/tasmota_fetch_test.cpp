// How a pretend Tasmota device fetches, and which answers of a web server it takes.
#include "tasmota_house.hpp"

#include "base/text.hpp"
#include "sim/hash.hpp"

namespace homepatch::sim {
namespace {

class TasmotaFetchTest : public TasmotaHouse {
 protected:
  void upgrade_fails_with(const std::string& text) {
    upgrade_from(web.url("/tasmota.bin"));
    EXPECT_TRUE(hear("UPGRADE {\"Upgrade\":\"Failed " + text)) << lines.text();
    EXPECT_EQ(lines.count("restarting"), 0U);
  }
};

std::string md5_of(const std::string& body) {
  Hash hash(Hash::Kind::md5);
  hash.add(body);
  return to_hex(hash.finish());
}

TEST_F(TasmotaFetchTest, AsksAsTheFirmwareDoesAndFromItsOwnAddress) {
  web.serve("/tasmota.bin", image("15.0.1"));
  start();
  upgrade_from(web.url("/tasmota.bin"));
  ASSERT_TRUE(lines.await("installed"));
  ASSERT_EQ(web.requests().size(), 1U);
  EXPECT_EQ(web.requests()[0].peer, "127.1.0.1");
  const auto& head = web.requests()[0].head;
  for (const auto* const part :
       {"GET /tasmota.bin HTTP/1.0\r\n", "User-Agent: ESP32-http-Update\r\n", "x-ESP32-STA-MAC: A0:B1:C2:00:00:01\r\n",
        "x-ESP32-version: 14.2.0(tasmota)\r\n", "x-ESP32-free-space: ", "x-ESP32-mode: sketch\r\n"}) {
    EXPECT_NE(head.find(part), std::string::npos) << part << "\nin\n" << head;
  }
}

TEST_F(TasmotaFetchTest, ATrueMd5IsFine) {
  const auto body = image("15.0.1");
  web.serve("/tasmota.bin", body, "x-MD5: " + md5_of(body) + "\r\n");
  start();
  upgrade_from(web.url("/tasmota.bin"));
  EXPECT_TRUE(lines.await("reported version=15.0.1(tasmota)"));
}

TEST_F(TasmotaFetchTest, AWrongMd5IsRefusedAfterFourAttempts) {
  web.serve("/tasmota.bin", image("15.0.1"), "x-MD5: " + md5_of("something else") + "\r\n");
  start();
  upgrade_fails_with("Wrong MD5");
  EXPECT_EQ(web.requests().size(), 4U);
}

TEST_F(TasmotaFetchTest, AMissingFileIsAskedForFourTimes) {
  start();
  upgrade_fails_with("File Not Found (404)");
  EXPECT_EQ(web.requests().size(), 4U);
}

TEST_F(TasmotaFetchTest, AnEsp8266AsksForTheCompressedFileInItsLastAttempt) {
  settings.chip = EspChip::esp8266;
  start();
  upgrade_fails_with("File Not Found (404)");
  ASSERT_EQ(web.requests().size(), 4U);
  EXPECT_EQ(web.requests()[2].path, "/tasmota.bin");
  EXPECT_EQ(web.requests()[3].path, "/tasmota.bin.gz");
  EXPECT_NE(web.requests()[0].head.find("User-Agent: ESP8266-http-Update"), std::string::npos);
}

TEST_F(TasmotaFetchTest, AnswersWithoutALengthAreRefused) {
  web.answer("/tasmota.bin", "HTTP/1.1 200 OK\r\n\r\n" + image("15.0.1"));
  start();
  upgrade_fails_with("Server Did Not Report Size");
}

TEST_F(TasmotaFetchTest, ChunkedAnswersAreRefused) {
  web.answer("/tasmota.bin", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n\xE9\x01\x02\x03\r\n0\r\n\r\n");
  start();
  upgrade_fails_with("Server Did Not Report Size");
}

TEST_F(TasmotaFetchTest, WhatDoesNotBeginAsAnImageIsRefused) {
  web.serve("/tasmota.bin", "\x1f\x8b" + image("15.0.1"));
  start();
  upgrade_fails_with("Verify Bin Header Failed");
}

TEST_F(TasmotaFetchTest, AnImageForAnotherChipIsRefused) {
  web.serve("/tasmota.bin", image("15.0.1", "tasmota", EspChip::esp32_s3));
  start();
  upgrade_fails_with("Update error");
}

TEST_F(TasmotaFetchTest, ADamagedImageIsRefused) {
  auto body = image("15.0.1");
  body[30'000] = static_cast<char>(body[30'000] ^ 1);
  web.serve("/tasmota.bin", body);
  start();
  upgrade_fails_with("Update error");
}

TEST_F(TasmotaFetchTest, AConnectionThatEndsEarlyIsAFailure) {
  const auto body = image("15.0.1");
  web.answer("/tasmota.bin", "HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n" + body.substr(0, 40'000));
  start();
  upgrade_fails_with("HTTP error");
}

TEST_F(TasmotaFetchTest, AnImageWithoutRoomIsRefused) {
  settings.free_space = 10'000;
  web.serve("/tasmota.bin", image("15.0.1"));
  start();
  upgrade_fails_with("Not Enough space");
}

TEST_F(TasmotaFetchTest, NotModifiedCountsAsSuccessAndChangesNothing) {
  web.answer("/tasmota.bin", "HTTP/1.1 304 Not Modified\r\n\r\n");
  start();
  upgrade_from(web.url("/tasmota.bin"));
  EXPECT_TRUE(hear("Successful. Restarting"));
  EXPECT_TRUE(lines.await("reported version=14.2.0(tasmota)", 2));
}

TEST_F(TasmotaFetchTest, AQuestionDuringTheTransferMakesItFail) {
  web.serve("/tasmota.bin", image("15.0.1"));
  web.stall_after(30'000);
  start();
  upgrade_from(web.url("/tasmota.bin"));
  ASSERT_TRUE(loop->run_until([&] { return web.requests().size() == 1; }, kDeadline));
  command("Status", "2");
  EXPECT_TRUE(lines.await("disturbed"));
  EXPECT_TRUE(hear(R"(UPGRADE {"Upgrade":"Failed HTTP error)"));
  EXPECT_FALSE(heard("STATUS2"));
  EXPECT_EQ(web.requests().size(), 1U);
}

// At this rate the download takes a minute: the question comes in its middle.
TEST_F(TasmotaFetchTest, ADownloadKeepsToItsRate) {
  settings.download_rate = 1'000;
  web.serve("/tasmota.bin", image("15.0.1"));
  start();
  upgrade_from(web.url("/tasmota.bin"));
  ASSERT_TRUE(loop->run_until([&] { return web.requests().size() == 1; }, kDeadline));
  command("Status", "2");
  EXPECT_TRUE(lines.await("disturbed")) << lines.text();
  EXPECT_EQ(lines.count("installed"), 0U);
}

}  // namespace
}  // namespace homepatch::sim
