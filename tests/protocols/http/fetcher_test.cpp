#include "protocols/http/fetcher.hpp"

#include <stdlib.h>

#include "fetch_fixture.hpp"

namespace homepatch {
namespace {

using test::RawHttpServer;
using test::static_site;

TEST_F(FetchTest, BringsAFileAndSaysWhatTheServerSaidOfIt) {
  RawHttpServer server([](Exchange& exchange) {
    return exchange.answer(200, "hello", "ETag: \"one\"\r\nLast-Modified: Mon, 01 Jan 2024 00:00:00 GMT\r\n");
  });
  const auto result = get(request_for(server.url("/a?b=c#d")));
  ASSERT_TRUE(result) << result.error().text;
  EXPECT_EQ(result->bytes, "hello");
  EXPECT_EQ(result->response.status, 200);
  EXPECT_EQ(result->response.etag, "\"one\"");
  EXPECT_EQ(result->response.last_modified, "Mon, 01 Jan 2024 00:00:00 GMT");
  EXPECT_EQ(result->response.content_length, 5U);
  EXPECT_EQ(server.requests().at(0).substr(0, 16), "GET /a?b=c HTTP/");
}

TEST_F(FetchTest, SaysLittleOfItself) {
  RawHttpServer server(static_site({{"/a", "x"}}));
  ASSERT_TRUE(get(request_for(server.url("/a"))));
  const std::string head = server.requests().at(0);
  const std::string expected = "GET /a HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(server.port()) +
                               "\r\nUser-Agent: homepatch/" HOMEPATCH_VERSION "\r\nAccept: */*\r\n\r\n";
  EXPECT_EQ(head, expected);
}

TEST_F(FetchTest, KeepsTheConnectionForTheNextFile) {
  RawHttpServer server(static_site({{"/a", "x"}}));
  EXPECT_EQ(refusal(request_for(server.url("/no")), "the file is not there"), Errc::not_found);
  EXPECT_TRUE(get(request_for(server.url("/a"))));
  EXPECT_EQ(server.connections(), 1U);
}

TEST_F(FetchTest, StreamsInBoundedPieces) {
  const std::string big(1'000'000, 'b');
  RawHttpServer server(static_site({{"/a", big}}));
  std::string got;
  std::optional<Result<FetchResponse>> end;
  bool response_first = false;
  FetchEvents events;
  events.on_response = [&](const FetchResponse& response) -> Status {
    response_first = got.empty() && response.content_length == big.size();
    return {};
  };
  events.on_bytes = [&](std::span<const std::uint8_t> bytes) -> Status {
    EXPECT_LE(bytes.size(), 65'536U);
    got.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return {};
  };
  events.done = [&](Result<FetchResponse> result) { end = std::move(result); };
  const auto handle = fetcher->stream(request_for(server.url("/a"), big.size()), std::move(events));
  ASSERT_TRUE(loop->run_until([&] { return end.has_value(); }, std::chrono::seconds(20)));
  EXPECT_TRUE(*end);
  EXPECT_TRUE(response_first);
  EXPECT_EQ(got, big);
}

TEST_F(FetchTest, AFullDiskEndsTheFetchWithItsOwnError) {
  RawHttpServer server(static_site({{"/a", "x"}}));
  std::optional<Result<FetchResponse>> end;
  FetchEvents events;
  events.on_bytes = [](std::span<const std::uint8_t>) -> Status { return fail(Errc::no_space, "the disk is full"); };
  events.done = [&](Result<FetchResponse> result) { end = std::move(result); };
  const auto handle = fetcher->stream(request_for(server.url("/a")), std::move(events));
  ASSERT_TRUE(loop->run_until([&] { return end.has_value(); }, std::chrono::seconds(20)));
  ASSERT_FALSE(*end);
  EXPECT_EQ(end->error().code, Errc::no_space);
  EXPECT_EQ(end->error().text, "the disk is full");
}

TEST_F(FetchTest, TheResponseMayBeRefusedBeforeItsFirstByte) {
  RawHttpServer server(static_site({{"/a", "x"}}));
  std::optional<Result<FetchResponse>> end;
  FetchEvents events;
  events.on_response = [](const FetchResponse&) -> Status { return fail(Errc::not_trusted, "wrong length"); };
  events.on_bytes = [](std::span<const std::uint8_t>) -> Status {
    ADD_FAILURE();
    return {};
  };
  events.done = [&](Result<FetchResponse> result) { end = std::move(result); };
  const auto handle = fetcher->stream(request_for(server.url("/a")), std::move(events));
  ASSERT_TRUE(loop->run_until([&] { return end.has_value(); }, std::chrono::seconds(20)));
  EXPECT_EQ(end->error().text, "wrong length");
}

TEST_F(FetchTest, DroppingTheHandleCancelsWhereverItHappens) {
  RawHttpServer server(static_site({{"/a", std::string(500'000, 'x')}}));
  FetchHandle handle;
  bool dropped = false;
  FetchEvents events;
  events.on_bytes = [&](std::span<const std::uint8_t>) -> Status {
    EXPECT_FALSE(dropped);
    handle = FetchHandle();
    dropped = true;
    return {};
  };
  events.done = [](const Result<FetchResponse>&) { ADD_FAILURE() << "a cancelled fetch is silent"; };
  handle = fetcher->stream(request_for(server.url("/a"), 1'000'000), std::move(events));
  ASSERT_TRUE(loop->run_until([&] { return dropped; }, std::chrono::seconds(20)));
  // The fetcher goes on with others.
  EXPECT_TRUE(get(request_for(server.url("/a"), 1'000'000)));
}

TEST_F(FetchTest, AnEventMayDestroyTheFetcher) {
  RawHttpServer server(static_site({{"/a", "x"}}));
  bool ended = false;
  const auto waiting = fetcher->fetch(request_for(server.url("/a")), [&](const Result<FetchedBody>&) {
    fetcher.reset();
    ended = true;
  });
  const auto other =
      fetcher->fetch(request_for(server.url("/a")), [&](const Result<FetchedBody>&) { EXPECT_FALSE(ended); });
  ASSERT_TRUE(loop->run_until([&] { return ended; }, std::chrono::seconds(20)));
  loop->run_until([] { return false; }, std::chrono::milliseconds(20));
}

TEST_F(FetchTest, OneEventMayStartTheNextFetch) {
  RawHttpServer server(static_site({{"/a", "x"}, {"/b", "y"}}));
  FetchHandle second;
  std::string got;
  FetchEvents events;
  events.on_bytes = [&](std::span<const std::uint8_t>) -> Status {
    second = fetcher->fetch(request_for(server.url("/b")),
                            [&](Result<FetchedBody> result) { got = std::move(result.value().bytes); });
    return {};
  };
  const auto first = fetcher->stream(request_for(server.url("/a")), std::move(events));
  EXPECT_TRUE(loop->run_until([&] { return got == "y"; }, std::chrono::seconds(20)));
}

TEST_F(FetchTest, MoreThanTheNamedNumberAtOnceIsBusy) {
  RawHttpServer server(static_site({{"/a", "x"}}));
  std::size_t done = 0;
  std::size_t busy = 0;
  std::vector<FetchHandle> handles;
  for (std::size_t i = 0; i < Fetcher::kMaxTransfers + 3; ++i) {
    handles.push_back(fetcher->fetch(request_for(server.url("/a")), [&](const Result<FetchedBody>& result) {
      ++done;
      if (!result && result.error().code == Errc::busy) ++busy;
    }));
  }
  ASSERT_TRUE(loop->run_until([&] { return done == handles.size(); }, std::chrono::seconds(20)));
  EXPECT_EQ(busy, 3U);
  EXPECT_LE(server.connections(), static_cast<std::size_t>(Fetcher::kMaxConnections));
}

TEST_F(FetchTest, NothingNewIsStatus304) {
  RawHttpServer server([](Exchange& exchange) {
    return exchange.field("If-None-Match") == "\"one\"" ? exchange.send("HTTP/1.1 304 Same\r\nETag: \"one\"\r\n\r\n")
                                                        : exchange.answer(200, "new");
  });
  auto request = request_for(server.url("/a"));
  request.if_none_match = "\"one\"";
  const auto same = get(request);
  ASSERT_TRUE(same) << same.error().text;
  EXPECT_EQ(same->response.status, 304);
  EXPECT_TRUE(same->bytes.empty());
  request.if_none_match = "\"zero\"";
  EXPECT_EQ(get(request)->bytes, "new");
}

TEST_F(FetchTest, StatusesBecomeErrorsThatSayWhatToDo) {
  RawHttpServer server(
      [](Exchange& exchange) { return exchange.answer(std::stoi(exchange.path().substr(1)), "<html>"); });
  EXPECT_EQ(refusal(request_for(server.url("/403")), "answered 403 for /403"), Errc::not_found);
  EXPECT_EQ(refusal(request_for(server.url("/401")), "password"), Errc::not_authorised);
  EXPECT_EQ(refusal(request_for(server.url("/429")), "too often"), Errc::unavailable);
  EXPECT_EQ(refusal(request_for(server.url("/503")), "tried again later"), Errc::unavailable);
  EXPECT_EQ(refusal(request_for(server.url("/304")), "makes no sense"), Errc::malformed);
  EXPECT_EQ(refusal(request_for(server.url("/418")), "makes no sense"), Errc::malformed);
}

TEST_F(FetchTest, TheLedgerHearsOfEveryRequestAndOfNothingElse) {
  RawHttpServer server([](Exchange& exchange) {
    return exchange.path() == "/a" ? exchange.answer(302, "", "Location: /b\r\n") : exchange.answer(200, "hello");
  });
  std::vector<LedgerEntry> ledger;
  fetcher->set_ledger([&](const LedgerEntry& entry) { ledger.push_back(entry); });
  auto request = request_for(server.url("/a"));
  request.if_none_match = "\"x\"";
  ASSERT_TRUE(get(request));
  EXPECT_EQ(refusal(request_for("https://nowhere@example.org/"), "cannot be used"), Errc::invalid_argument);
  ASSERT_EQ(ledger.size(), 2U);
  EXPECT_EQ(ledger[0].host, "127.0.0.1:" + std::to_string(server.port()));
  EXPECT_EQ(ledger[0].path, "/a");
  EXPECT_EQ(ledger[0].status, 302);
  EXPECT_TRUE(ledger[0].validator_sent);
  EXPECT_EQ(ledger[1].path, "/b");
  EXPECT_EQ(ledger[1].user_agent, "homepatch/" HOMEPATCH_VERSION);
  EXPECT_EQ(ledger[1].bytes_sent, server.requests()[1].size());
  EXPECT_EQ(ledger[1].bytes_received, std::string("HTTP/1.1 200 X\r\nContent-Length: 5\r\n\r\nhello").size());
  EXPECT_EQ(fetcher->traffic().at(ledger[0].host).requests, 2U);
}

TEST_F(FetchTest, TheEnvironmentsProxyIsNotUsed) {
  RawHttpServer proxy(static_site({}));
  RawHttpServer server(static_site({{"/a", "x"}}));
  ::setenv("http_proxy", proxy.url("").c_str(), 1);
  const auto result = get(request_for(server.url("/a")));
  ::unsetenv("http_proxy");
  EXPECT_TRUE(result);
  EXPECT_TRUE(proxy.requests().empty());
}

TEST_F(FetchTest, CookiesAreNotKept) {
  RawHttpServer server([](Exchange& exchange) { return exchange.answer(200, "x", "Set-Cookie: who=you; Path=/\r\n"); });
  ASSERT_TRUE(get(request_for(server.url("/a"))));
  ASSERT_TRUE(get(request_for(server.url("/a"))));
  EXPECT_EQ(server.requests().at(1).find("ookie"), std::string::npos);
}

}  // namespace
}  // namespace homepatch
