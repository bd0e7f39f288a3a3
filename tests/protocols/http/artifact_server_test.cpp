#include "protocols/http/artifact_server.hpp"

#include <sys/resource.h>

#include "protocols/http/byte_range.hpp"
#include "serve_fixture.hpp"

namespace homepatch {
namespace {

TEST_F(ServeTest, GivesTheFileWithAllThatDevicesAskFor) {
  const auto open_folder = serve({file("tasmota.bin", "image bytes")});
  const auto answer = ask("GET " + path("tasmota.bin"));
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
  EXPECT_TRUE(has(answer, "\r\nContent-Length: 11\r\n")) << answer;
  EXPECT_TRUE(has(answer, "\r\nx-MD5: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n")) << answer;
  EXPECT_TRUE(has(answer, "\r\nContent-Type: application/octet-stream\r\n")) << answer;
  EXPECT_FALSE(has(answer, "Transfer-Encoding")) << answer;
  EXPECT_EQ(body_of(answer), "image bytes");
}

TEST_F(ServeTest, SpeaksHttp10AsOldDevicesDo) {
  const auto open_folder = serve({file("a.bin", "image")});
  RawClient client(*loop, port, kDevice);
  client.say("GET " + path("a.bin") + " HTTP/1.0\r\nUser-Agent: ESP8266-http-Update\r\n\r\n");
  const auto& answer = client.hear();
  EXPECT_TRUE(client.closed());
  EXPECT_TRUE(has(answer, "Content-Length: 5\r\n")) << answer;
  EXPECT_EQ(body_of(answer), "image");
}

TEST_F(ServeTest, HeadGivesTheSameHeadAndNoBody) {
  const auto open_folder = serve({file("a.bin", "image")});
  const auto answer = ask("HEAD " + path("a.bin"));
  EXPECT_TRUE(has(answer, "Content-Length: 5\r\n")) << answer;
  EXPECT_TRUE(has(answer, "x-MD5: ")) << answer;
  EXPECT_EQ(body_of(answer), "");
}

TEST_F(ServeTest, IgnoresTheQueryAndKnowsSiblings) {
  const auto open_folder = serve({file("a.bin", "image"), file("a-minimal.bin", "minimal")});
  EXPECT_EQ(body_of(ask("GET " + path("a.bin") + "?v=1&x=%00")), "image");
  EXPECT_EQ(body_of(ask("GET " + path("a-minimal.bin"))), "minimal");
}

TEST_F(ServeTest, NeverSays304) {
  const auto open_folder = serve({file("a.bin", "image")});
  const auto answer = ask("GET " + path("a.bin"),
                          "If-None-Match: \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"\r\n"
                          "If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT\r\nAccept-Encoding: gzip\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
  EXPECT_FALSE(has(answer, "Content-Encoding")) << answer;
}

TEST_F(ServeTest, GivesSingleRanges) {
  const auto open_folder = serve({file("a.bin", "0123456789")});
  const auto part = ask("GET " + path("a.bin"), "Range: bytes=2-4\r\n");
  EXPECT_TRUE(part.starts_with("HTTP/1.1 206 ")) << part;
  EXPECT_TRUE(has(part, "Content-Range: bytes 2-4/10\r\n")) << part;
  EXPECT_TRUE(has(part, "Content-Length: 3\r\n")) << part;
  EXPECT_EQ(body_of(part), "234");
  EXPECT_EQ(body_of(ask("GET " + path("a.bin"), "Range: bytes=7-\r\n")), "789");
  const auto beyond = ask("GET " + path("a.bin"), "Range: bytes=10-\r\n");
  EXPECT_TRUE(beyond.starts_with("HTTP/1.1 416 ")) << beyond;
  EXPECT_TRUE(has(beyond, "Content-Range: bytes */10\r\n")) << beyond;
  const auto changed = ask("GET " + path("a.bin"), "Range: bytes=7-\r\nIf-Range: \"other\"\r\n");
  EXPECT_TRUE(changed.starts_with("HTTP/1.1 200 ")) << changed;
  EXPECT_TRUE(ask("HEAD " + path("a.bin"), "Range: bytes=7-\r\n").starts_with("HTTP/1.1 200 "));
}

TEST_F(ServeTest, CurlResumesAndGetsTheSameFile) {
  std::string content;
  for (int i = 0; i < 100'000; ++i) content += std::to_string(i);
  const auto open_folder = serve({file("a.bin", content)});
  const auto half = folder.file("half", content.substr(0, content.size() / 2));
  const auto url = server->url_for(token, "a.bin", kDevice).value();
  test::Child curl({"curl", "-sS", "--fail", "--interface", kDevice, "-C", "-", "-o", half, url});
  EXPECT_EQ(curl.wait(*loop), 0) << curl.output();
  EXPECT_EQ(read_file(half, 1'000'000).value(), content);
}

TEST_F(ServeTest, AnswersPipelinedRequestsInOrder) {
  const auto open_folder = serve({file("a.bin", "first"), file("b.bin", "second")});
  RawClient client(*loop, port, kDevice);
  client.say("GET " + path("a.bin") + " HTTP/1.1\r\nHost: x\r\n\r\nGET " + path("b.bin") +
             " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const auto& answers = client.hear();
  EXPECT_TRUE(client.closed());
  EXPECT_LT(answers.find("first"), answers.find("second"));
  EXPECT_TRUE(answers.ends_with("second")) << answers;
}

TEST_F(ServeTest, TellsWhoAskedAndHowFarItHasCome) {
  std::vector<ServedRequest> requests;
  std::uint64_t position = 0;
  std::optional<ServedAnswer> end;
  ServeEvents events;
  events.on_request = [&](const ServedRequest& request) { requests.push_back(request); };
  events.on_progress = [&](const std::string&, std::uint64_t bytes) {
    EXPECT_GE(bytes, position);
    position = bytes;
  };
  events.on_done = [&](const ServedAnswer& answer) { end = answer; };
  const std::string content(300'000, 'i');
  const auto open_folder = serve({file("a.bin", content)}, kDevice, std::move(events));
  const auto answer = ask("GET " + path("a.bin"),
                          "User-Agent: ESP8266-http-\x01Update\r\nx-ESP8266-STA-MAC: 2C:F4:32:00:11:22\r\n"
                          "x-ESP8266-version: 13.1.0(tasmota)\r\n");
  EXPECT_EQ(body_of(answer).size(), content.size());
  ASSERT_TRUE(loop->run_until([&] { return end.has_value(); }, std::chrono::seconds(5)));
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_EQ(requests[0].user_agent, "ESP8266-http-\xEF\xBF\xBDUpdate");
  EXPECT_EQ(requests[0].station_mac, "2C:F4:32:00:11:22");
  EXPECT_EQ(requests[0].version, "13.1.0(tasmota)");
  EXPECT_EQ(position, content.size());
  EXPECT_TRUE(end->complete());
}

TEST_F(ServeTest, ProgressIsWhatTheDeviceHasNotWhatTheKernelTook) {
  std::uint64_t position = 0;
  bool ended = false;
  ServeEvents events;
  events.on_progress = [&](const std::string&, std::uint64_t bytes) { position = bytes; };
  events.on_done = [&](const ServedAnswer&) { ended = true; };
  const std::string content(60'000, 'i');  // all of it fits into the kernel's buffers
  const auto open_folder = serve({file("a.bin", content)}, kDevice, std::move(events));
  RawClient client(*loop, port, kDevice, 4096);
  client.say("GET " + path("a.bin") + " HTTP/1.0\r\n\r\n");
  ASSERT_TRUE(loop->run_until([&] { return position > 0; }, std::chrono::seconds(5)));
  loop->run_until([] { return false; }, std::chrono::milliseconds(600));
  EXPECT_LT(position, 20'000U);
  EXPECT_FALSE(ended);
  client.hear();
  EXPECT_TRUE(loop->run_until([&] { return ended; }, std::chrono::seconds(5)));
  EXPECT_EQ(position, content.size());
}

TEST_F(ServeTest, APartIsToldAsAPart) {
  std::vector<ServedAnswer> ends;
  ServeEvents events;
  events.on_done = [&](const ServedAnswer& answer) { ends.push_back(answer); };
  const auto open_folder = serve({file("a.bin", "0123456789")}, kDevice, std::move(events));
  ask("GET " + path("a.bin"), "Range: bytes=0-4\r\n");
  ask("GET " + path("a.bin"), "Range: bytes=5-9\r\n");
  ASSERT_TRUE(loop->run_until([&] { return ends.size() == 2; }, std::chrono::seconds(5)));
  EXPECT_TRUE(ends[0].delivered);
  EXPECT_FALSE(ends[0].complete());
  EXPECT_EQ(ends[0].to, 5U);
  EXPECT_TRUE(ends[1].complete());
}

TEST_F(ServeTest, AHundredDevicesAtOnce) {
  const std::string content(200'000, 'i');
  const auto served = file("a.bin", content);
  std::vector<ArtifactServer::Folder> folders;
  std::vector<std::string> targets;
  std::vector<std::unique_ptr<test::Child>> clients;
  std::size_t complete = 0;
  for (int i = 0; i < 100; ++i) {
    const std::string address = "127.0.1." + std::to_string(i + 1);
    const auto own_token = ArtifactServer::new_token();
    ServeEvents events;
    events.on_done = [&](const ServedAnswer& answer) { complete += answer.complete() ? 1 : 0; };
    folders.push_back(server->serve(own_token, address, {served}, std::move(events)).value());
    targets.push_back(folder.path("got" + std::to_string(i)));
    const auto url = server->url_for(own_token, "a.bin", address).value();
    clients.push_back(std::make_unique<test::Child>(
        std::vector<std::string>{"curl", "-sS", "--fail", "--interface", address, "-o", targets.back(), url}));
  }
  for (auto& client : clients) EXPECT_EQ(client->wait(*loop), 0) << client->output();
  for (const auto& target : targets) EXPECT_EQ(read_file(target, 1'000'000).value_or(""), content);
  EXPECT_TRUE(loop->run_until([&] { return complete == 100; }, std::chrono::seconds(5)));
}

TEST_F(ServeTest, TheAddressOfAFileFitsIntoADevice) {
  const auto url = server->url_for(token, "a.bin", kDevice).value();
  EXPECT_EQ(url, "http://127.0.0.1:" + std::to_string(port) + path("a.bin"));
  EXPECT_EQ(server->url_for(token, std::string(60, 'n'), kDevice).error().code, Errc::too_large);
  EXPECT_EQ(server->url_for(token, "a.bin", "lamp.local").error().code, Errc::invalid_argument);
  // The documentation network is reached through the default route or not at all: never through loopback.
  const auto far = server->url_for(token, "a.bin", "192.0.2.7");
  ASSERT_FALSE(far);
  EXPECT_TRUE(has(far.error().text, "192.0.2.7 reaches none of the gateway's HTTP addresses")) << far.error().text;
}

TEST_F(ServeTest, APortInUseIsNamed) {
  const auto second = ArtifactServer::open(*loop, {{"127.0.0.1", port}});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::busy);
  EXPECT_EQ(second.error().text, "the HTTP address 127.0.0.1:" + std::to_string(port) +
                                     " is in use by another program; stop that program, or choose another HTTP port in "
                                     "the configuration");
  EXPECT_FALSE(ArtifactServer::open(*loop, {{"not an address", 0}}));
  EXPECT_EQ(ArtifactServer::open(*loop, {{"192.0.2.1", 0}}).error().code, Errc::not_found);
}

TEST_F(ServeTest, ItsAddressesMayChangeWhileItServes) {
  const auto open_folder = serve({file("a.bin", "image")});
  ASSERT_TRUE(server->listen_on({{"127.0.0.1", 0}, {"127.0.0.3", 0}}));
  EXPECT_EQ(server->listening().size(), 2U);
  EXPECT_EQ(server->listening()[0].port, port);
  const auto partly = server->listen_on({{"192.0.2.1", 0}, {"127.0.0.1", 0}, {"127.0.0.4", 0}});
  ASSERT_FALSE(partly);
  EXPECT_EQ(partly.error().code, Errc::not_found);
  EXPECT_TRUE(has(partly.error().text, "192.0.2.1"));
  ASSERT_EQ(server->listening().size(), 2U) << "one that is not there yet holds up no other";
  EXPECT_EQ(server->listening()[1].ip, "127.0.0.4");
  EXPECT_EQ(
      server->listen_on({{"192.0.2.1", 0}, {"127.0.0.1", 0}, {"127.0.0.5", port}, {"127.0.0.5", port}}).error().code,
      Errc::busy)
      << "what is graver is told";
  EXPECT_EQ(body_of(ask("GET " + path("a.bin"))), "image");
  ASSERT_TRUE(server->listen_on({{"127.0.0.3", 0}}));
  EXPECT_EQ(server->listening().size(), 1U);
}

TEST_F(ServeTest, RefusesToServeNonsense) {
  const auto good = file("a.bin", "image");
  const auto refused = [&](const std::string& with_token, const std::string& client, ServedFile with_file) {
    return !server->serve(with_token, client, {std::move(with_file)}, {});
  };
  auto named = [&](const std::string& name) {
    auto out = good;
    out.name = name;
    return out;
  };
  EXPECT_TRUE(refused("short", kDevice, good));
  EXPECT_TRUE(refused(std::string(22, '/'), kDevice, good));
  EXPECT_TRUE(refused(token, "device.local", good));
  for (const char* name : {"", ".hidden", "../a", "a/b", "a b", "a%2e"})
    EXPECT_TRUE(refused(token, kDevice, named(name)));
  auto no_md5 = good;
  no_md5.md5_hex.clear();
  EXPECT_TRUE(refused(token, kDevice, no_md5));
  const auto open_folder = serve({good});
  EXPECT_EQ(server->serve(token, kDevice, {good}, {}).error().code, Errc::already_exists);
}

TEST(ByteRange, IsReadAsRfc9110Says) {
  const auto of_ten = [](std::string_view header) { return parse_byte_range(header, 10); };
  EXPECT_EQ(of_ten(""), ByteRange(WholeFile{}));
  EXPECT_EQ(of_ten("lines=1-2"), ByteRange(WholeFile{}));
  EXPECT_EQ(of_ten("bytes=0-1,3-4"), ByteRange(WholeFile{}));
  EXPECT_EQ(of_ten("bytes=0-0"), ByteRange(FilePart{0, 0}));
  EXPECT_EQ(of_ten("bytes=9-"), ByteRange(FilePart{9, 9}));
  EXPECT_EQ(of_ten("bytes=5-99"), ByteRange(FilePart{5, 9}));
  EXPECT_EQ(of_ten("bytes=-3"), ByteRange(FilePart{7, 9}));
  EXPECT_EQ(of_ten("bytes=-99"), ByteRange(FilePart{0, 9}));
  EXPECT_EQ(of_ten("bytes=0-99999999999999999999999"), ByteRange(FilePart{0, 9}));
  for (const auto* bad : {"bytes=", "bytes=-", "bytes=-0", "bytes=10-", "bytes=4-3", "bytes=x-3", "bytes=3-x",
                          "bytes=+3-4", "bytes=0x3-4", "bytes=3", "bytes=99999999999999999999999-"}) {
    EXPECT_EQ(of_ten(bad), ByteRange(NotSatisfiable{})) << bad;
  }
}

}  // namespace
}  // namespace homepatch
