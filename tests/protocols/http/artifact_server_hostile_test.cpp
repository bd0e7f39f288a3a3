// What devices, strangers and recalls do to the artifact server.
#include "serve_fixture.hpp"

namespace homepatch {
namespace {

using std::chrono::milliseconds;
using ServeHostileTest = ServeTest;

TEST_F(ServeHostileTest, EverythingUnknownAndEveryoneElseGetsTheSame404) {
  const auto open_folder = serve({file("a.bin", "image")});
  const auto expected = ask("GET /nothing");
  EXPECT_TRUE(expected.starts_with("HTTP/1.1 404 ")) << expected;
  const auto other_token = ArtifactServer::new_token();
  const std::vector<std::string> unknown = {
      "/",
      "",
      "/" + token,
      "/" + token + "/",
      "/" + other_token + "/a.bin",
      path("b.bin"),
      path("a.bi"),
      path("a.bin/"),
      path("../" + token + "/a.bin"),
      path("./a.bin"),
      "//" + token + "/a.bin",
      path("%61.bin"),
      path("a.bin%00"),
      path("..%2f..%2f..%2fetc/passwd"),
      "/../../../../etc/passwd",
      "/<script>alert(1)</script>",
      "http://127.0.0.1" + path("a.bin"),
  };
  const auto without_date = [](std::string text) {
    const auto date = text.find("Date: ");
    return text.erase(date, text.find("\r\n", date) - date);
  };
  for (const auto& where : unknown) {
    const auto answer = ask("GET " + where);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 404 ") || answer.starts_with("HTTP/1.1 400 ")) << where << answer;
    EXPECT_FALSE(has(answer, "image") || has(answer, "script") || has(answer, token)) << answer;
  }
  // Another address, the right path: nothing tells that it is right.
  EXPECT_EQ(without_date(ask("GET " + path("a.bin"), "", "127.0.0.3")), without_date(expected));
  EXPECT_EQ(body_of(ask("GET " + path("a.bin"))), "image");
}

TEST_F(ServeHostileTest, ANulInThePathReachesNoOtherFile) {
  const auto open_folder = serve({file("a.bin", "image")});
  const auto answer = ask("GET " + path("b.bin") + std::string("\0a.bin", 6));
  EXPECT_FALSE(has(answer, "image")) << answer;
}

TEST_F(ServeHostileTest, OnlyGetAndHead) {
  const auto open_folder = serve({file("a.bin", "image")});
  for (const char* method : {"PUT", "DELETE", "OPTIONS", "TRACE", "BREW"}) {
    const auto answer = ask(std::string(method) + " " + path("a.bin"));
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 405 ")) << answer;
    EXPECT_TRUE(has(answer, "Allow: GET, HEAD\r\n")) << answer;
  }
  EXPECT_TRUE(ask("POST " + path("a.bin"), "Content-Length: 99999999999\r\n").starts_with("HTTP/1.1 405 "));
}

TEST_F(ServeHostileTest, GarbageAndEndlessHeadersEndTheConnection) {
  const auto open_folder = serve({file("a.bin", "image")});
  RawClient garbage(*loop, port, kDevice);
  garbage.say(std::string(3000, '\xFF') + "\r\n\r\n");
  garbage.hear();
  EXPECT_TRUE(garbage.closed());
  const auto large = ask("GET " + path("a.bin"), "X: " + std::string(20'000, 'x') + "\r\n");
  EXPECT_TRUE(has(large, " 431 ") || has(large, " 413 ") || large.empty()) << large;
  EXPECT_EQ(body_of(ask("GET " + path("a.bin"))), "image");
}

TEST_F(ServeHostileTest, WhoNeverFinishesItsRequestIsDropped) {
  open({.request_time = std::chrono::seconds(1)});
  RawClient silent(*loop, port, kDevice);
  RawClient slow(*loop, port, kDevice);
  slow.say("GET / HTTP/1.1\r\nHost: ");
  const auto before = loop->monotonic();
  silent.hear();
  slow.hear();
  EXPECT_TRUE(silent.closed() && slow.closed());
  EXPECT_LT(loop->monotonic() - before, milliseconds(4000));
}

TEST_F(ServeHostileTest, WhoStopsReadingIsDroppedAndToldAsNotDelivered) {
  open({.stall_time = std::chrono::seconds(1)});
  std::optional<ServedAnswer> end;
  ServeEvents events;
  events.on_done = [&](const ServedAnswer& answer) { end = answer; };
  const auto open_folder = serve({file("a.bin", std::string(5'000'000, 'i'))}, kDevice, std::move(events));
  RawClient client(*loop, port, kDevice, 4096);
  client.say("GET " + path("a.bin") + " HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(loop->run_until([&] { return end.has_value(); }, std::chrono::seconds(10)));
  EXPECT_FALSE(end->delivered);
}

TEST_F(ServeHostileTest, ADeviceThatGoesAwayIsToldAsNotDelivered) {
  std::optional<ServedAnswer> end;
  ServeEvents events;
  events.on_done = [&](const ServedAnswer& answer) { end = answer; };
  const auto open_folder = serve({file("a.bin", std::string(5'000'000, 'i'))}, kDevice, std::move(events));
  {
    RawClient client(*loop, port, kDevice, 4096);
    client.say("GET " + path("a.bin") + " HTTP/1.1\r\nHost: x\r\n\r\n");
    client.hear([](const std::string& heard) { return heard.size() > 1000; });
  }
  ASSERT_TRUE(loop->run_until([&] { return end.has_value(); }, std::chrono::seconds(10)));
  EXPECT_FALSE(end->delivered);
}

TEST_F(ServeHostileTest, ARecallStopsARunningAnswerWithinASecond) {
  auto open_folder = serve({file("a.bin", std::string(50'000'000, 'i'))});
  RawClient client(*loop, port, kDevice, 65'536);
  client.say("GET " + path("a.bin") + " HTTP/1.1\r\nHost: x\r\n\r\n");
  client.hear([](const std::string& heard) { return heard.size() > 1'000'000; });
  ASSERT_FALSE(client.closed());
  const auto before = loop->monotonic();
  open_folder = ArtifactServer::Folder();
  client.hear();
  EXPECT_TRUE(client.closed());
  EXPECT_LT(loop->monotonic() - before, milliseconds(1000));
  EXPECT_LT(client.heard().size(), 10'000'000U);
  EXPECT_TRUE(ask("GET " + path("a.bin")).starts_with("HTTP/1.1 404 "));
}

TEST_F(ServeHostileTest, ARecallStopsWhatWaitsInTheKernelToo) {
  auto open_folder = serve({file("a.bin", std::string(5'000'000, 'i'))});
  RawClient client(*loop, port, kDevice, 4096);
  client.say("GET " + path("a.bin") + " HTTP/1.1\r\nHost: x\r\n\r\n");
  client.hear([](const std::string& heard) { return heard.size() > 1000; });
  loop->run_until([] { return false; }, milliseconds(50));  // the kernel's buffers fill up
  open_folder = ArtifactServer::Folder();
  loop->run_until([] { return false; }, milliseconds(300));
  // Only what had reached the client's own machine is left.
  EXPECT_LT(client.drain(), 20'000U);
  EXPECT_TRUE(client.closed());
}

TEST_F(ServeHostileTest, AFolderThatIsGivenToAnotherAddressIsClosedToTheFirst) {
  auto open_folder = serve({file("a.bin", std::string(50'000'000, 'i')), file("b.bin", "image")});
  RawClient client(*loop, port, kDevice, 65'536);
  client.say("GET " + path("a.bin") + " HTTP/1.1\r\nHost: x\r\n\r\n");
  client.hear([](const std::string& heard) { return heard.size() > 1'000'000; });
  EXPECT_TRUE(open_folder.give_to(kDevice));
  EXPECT_FALSE(client.closed()) << "nothing changed for it";
  ASSERT_TRUE(open_folder.give_to("127.0.0.3"));
  client.hear();
  EXPECT_LT(client.heard().size(), 10'000'000U);
  EXPECT_TRUE(ask("GET " + path("b.bin")).starts_with("HTTP/1.1 404 "));
  EXPECT_EQ(body_of(ask("GET " + path("b.bin"), "", "127.0.0.3")), "image");
  EXPECT_FALSE(open_folder.give_to("nowhere"));
  EXPECT_EQ(body_of(ask("GET " + path("b.bin"), "", "127.0.0.3")), "image");
}

TEST_F(ServeHostileTest, AnEventMayRecallItsOwnFolderOrTheServer) {
  ArtifactServer::Folder open_folder;
  ServeEvents events;
  events.on_request = [&](const ServedRequest&) { open_folder = ArtifactServer::Folder(); };
  events.on_done = [](const ServedAnswer&) { ADD_FAILURE() << "a closed folder is silent"; };
  open_folder = serve({file("a.bin", std::string(50'000'000, 'i'))}, kDevice, std::move(events));
  EXPECT_LT(ask("GET " + path("a.bin")).size(), 10'000'000U);

  ServeEvents last;
  last.on_request = [&](const ServedRequest&) { server.reset(); };
  open_folder = serve({file("b.bin", std::string(50'000'000, 'i'))}, kDevice, std::move(last));
  EXPECT_LT(ask("GET " + path("b.bin")).size(), 50'000'000U);
  EXPECT_EQ(server, nullptr);
}

TEST_F(ServeHostileTest, AFileThatShrinksCutsTheConnection) {
  std::optional<ServedAnswer> end;
  ServeEvents events;
  events.on_done = [&](const ServedAnswer& answer) { end = answer; };
  const std::string content(100'000, 'i');
  const auto served = file("a.bin", content);
  const auto open_folder = serve({served}, kDevice, std::move(events));
  ASSERT_EQ(::truncate(folder.path("a.bin").c_str(), 40'000), 0);
  const auto answer = ask("GET " + path("a.bin"));
  EXPECT_TRUE(has(answer, "Content-Length: 100000\r\n")) << answer.substr(0, 300);
  EXPECT_LE(body_of(answer).size(), 40'000U);
  ASSERT_TRUE(loop->run_until([&] { return end.has_value(); }, std::chrono::seconds(5)));
  EXPECT_FALSE(end->delivered);
}

TEST_F(ServeHostileTest, AFileThatGrowsIsServedAsItWas) {
  const auto open_folder = serve({file("a.bin", "image")});
  folder.file("a.bin", "image and what came later");
  EXPECT_EQ(body_of(ask("GET " + path("a.bin"))), "image");
}

TEST_F(ServeHostileTest, OneDeviceCannotTakeAllConnections) {
  open({.connections = 6, .per_client = 2, .strangers = 1, .request_time = std::chrono::seconds(30)});
  int shed = 0;
  ServeEvents events;
  events.on_shed = [&] { ++shed; };
  const auto open_folder = serve({file("a.bin", "image")}, kDevice, std::move(events));
  const RawClient first(*loop, port, kDevice);
  const RawClient second(*loop, port, kDevice);
  const auto third = ask("GET " + path("a.bin"));
  EXPECT_TRUE(third.starts_with("HTTP/1.1 503 ")) << third;
  EXPECT_TRUE(has(third, "Retry-After: ")) << third;
  EXPECT_TRUE(loop->run_until([&] { return shed == 1; }, std::chrono::seconds(5)));
  // Addresses that nobody waits for share one place, whatever their number.
  const RawClient stranger(*loop, port, "127.0.9.1");
  EXPECT_TRUE(ask("GET /", "", "127.0.9.2").starts_with("HTTP/1.1 503 "));
  EXPECT_EQ(shed, 1) << "a stranger's refusal is not the device's";
  EXPECT_EQ(server->shed(), 2U);
}

TEST_F(ServeHostileTest, ManyStrangersLeaveRoomForTheDevice) {
  const auto open_folder = serve({file("a.bin", "image")});
  std::vector<std::unique_ptr<RawClient>> strangers;
  for (int i = 1; i <= 200; ++i) {
    strangers.push_back(std::make_unique<RawClient>(*loop, port, "127.0.7." + std::to_string(i)));
    loop->run_until([] { return false; }, milliseconds(1));
  }
  EXPECT_EQ(body_of(ask("GET " + path("a.bin"))), "image");
}

}  // namespace
}  // namespace homepatch
