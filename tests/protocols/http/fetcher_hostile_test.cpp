// What servers do wrong, by accident or not.
#include <netdb.h>

#include <condition_variable>
#include <mutex>

#include "fetch_fixture.hpp"

namespace {

// A name service that never answers, until the test is over: what libcurl's resolver thread gets for "*.mute.test".
class MuteResolver {
 public:
  void hang() {
    std::unique_lock lock(mutex_);
    ++asked_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return over_; });
  }
  void release() {
    const std::lock_guard lock(mutex_);
    over_ = true;
    changed_.notify_all();
  }
  bool asked() {
    const std::lock_guard lock(mutex_);
    return asked_ > 0;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int asked_ = 0;
  bool over_ = false;
};

MuteResolver& mute_resolver() {
  static auto* const resolver = new MuteResolver();  // its threads may outlive main()
  return *resolver;
}

std::string_view resolves_to(std::string_view name) {
  if (name == "wan.test") return "192.0.2.1";  // RFC 5737: nobody's
  return {};
}

}  // namespace

// libcurl's own calls come here: a definition in the program goes before the C library's.
extern "C" int getaddrinfo(const char* name, const char* service, const addrinfo* hints, addrinfo** out) {
  if (std::string_view(name).ends_with(".mute.test")) {
    mute_resolver().hang();
    return EAI_AGAIN;
  }
  const auto literal = resolves_to(name);
  if (literal.empty()) return EAI_NONAME;
  static_cast<void>(service);
  auto* const entry = static_cast<addrinfo*>(::calloc(1, sizeof(addrinfo) + sizeof(sockaddr_in)));
  auto* const address = reinterpret_cast<sockaddr_in*>(entry + 1);
  address->sin_family = AF_INET;
  address->sin_addr.s_addr = ::htonl(0xC0000201U);
  entry->ai_family = AF_INET;
  entry->ai_socktype = hints != nullptr ? hints->ai_socktype : SOCK_STREAM;
  entry->ai_addr = reinterpret_cast<sockaddr*>(address);
  entry->ai_addrlen = sizeof(sockaddr_in);
  *out = entry;
  return 0;
}
extern "C" void freeaddrinfo(addrinfo* list) { ::free(list); }

namespace homepatch {
namespace {

using std::chrono::milliseconds;
using test::RawHttpServer;
using FetchHostileTest = FetchTest;

TEST_F(FetchHostileTest, AnEndlessBodyStopsAtTheLimit) {
  RawHttpServer server([](Exchange& exchange) {
    exchange.send("HTTP/1.1 200 OK\r\n\r\n");
    while (exchange.send(std::string(4096, 'x'))) {
    }
    return false;
  });
  EXPECT_EQ(refusal(request_for(server.url("/a"), 10'000), "sends more than 10000 bytes for /a"), Errc::too_large);
}

TEST_F(FetchHostileTest, AnEndlessChunkedBodyStopsAtTheLimit) {
  RawHttpServer server([](Exchange& exchange) {
    exchange.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n");
    while (exchange.send("1000\r\n" + std::string(4096, 'x') + "\r\n")) {
    }
    return false;
  });
  EXPECT_EQ(refusal(request_for(server.url("/a"), 10'000), "sends more than"), Errc::too_large);
}

TEST_F(FetchHostileTest, AnAnnouncedLengthAboveTheLimitIsRefusedBeforeTheBody) {
  RawHttpServer server([](Exchange& exchange) {
    exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\nx");
    exchange.stay_silent();
    return false;
  });
  EXPECT_EQ(refusal(request_for(server.url("/a")), "announces 99999999999 bytes"), Errc::too_large);
}

TEST_F(FetchHostileTest, ABodyOfExactlyTheLimitIsTaken) {
  RawHttpServer server([](Exchange& exchange) { return exchange.answer(200, "12345"); });
  EXPECT_TRUE(get(request_for(server.url("/a"), 5)));
  EXPECT_FALSE(get(request_for(server.url("/a"), 4)));
}

TEST_F(FetchHostileTest, EndlessHeadersAreRefused) {
  RawHttpServer server([](Exchange& exchange) {
    exchange.send("HTTP/1.1 200 OK\r\n");
    while (exchange.send("X-Y: " + std::string(1000, 'z') + "\r\n")) {
    }
    return false;
  });
  EXPECT_EQ(refusal(request_for(server.url("/a")), "bytes of headers"), Errc::too_large);
}

TEST_F(FetchHostileTest, EndlessInterimAnswersEndWithTheDeadline) {
  RawHttpServer server([](Exchange& exchange) {
    while (exchange.send("HTTP/1.1 103 Hints\r\n\r\n")) {
    }
    return false;
  });
  auto request = request_for(server.url("/a"));
  request.total_limit = milliseconds(300);
  const auto result = get(request);
  ASSERT_FALSE(result);
}

TEST_F(FetchHostileTest, ATruncatedBodyIsAnError) {
  RawHttpServer server([](Exchange& exchange) {
    exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort");
    return false;
  });
  EXPECT_EQ(refusal(request_for(server.url("/a")), "broke off after 5 bytes"), Errc::unavailable);
}

TEST_F(FetchHostileTest, ATruncatedChunkedBodyIsAnError) {
  RawHttpServer server([](Exchange& exchange) {
    exchange.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n");
    return false;
  });
  EXPECT_EQ(refusal(request_for(server.url("/a")), "broke off after 5 bytes"), Errc::unavailable);
}

TEST_F(FetchHostileTest, AServerThatSaysNothingIsGivenUpAtTheDeadline) {
  RawHttpServer server([](Exchange& exchange) {
    exchange.stay_silent();
    return false;
  });
  auto request = request_for(server.url("/a"));
  request.total_limit = milliseconds(200);
  EXPECT_EQ(refusal(request, "did not answer in the time allowed"), Errc::unavailable);
}

TEST_F(FetchHostileTest, ADrippingServerIsGivenUp) {
  RawHttpServer server([](Exchange& exchange) {
    exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nx");
    exchange.stay_silent();
    return false;
  });
  auto request = request_for(server.url("/a"));
  request.low_speed_time = std::chrono::seconds(1);
  EXPECT_EQ(refusal(request, "is too slow: 1 bytes"), Errc::unavailable);
}

TEST_F(FetchHostileTest, GarbageIsNotHttp) {
  RawHttpServer server([](Exchange& exchange) {
    exchange.send("SSH-2.0-OpenSSH_9.2\r\n\r\n");
    return false;
  });
  EXPECT_EQ(refusal(request_for(server.url("/a")), "does not answer as HTTP asks for"), Errc::malformed);
}

TEST_F(FetchHostileTest, CompressionIsNeitherAskedForNorUndone) {
  RawHttpServer server(
      [](Exchange& exchange) { return exchange.answer(200, "\x1f\x8b", "Content-Encoding: gzip\r\n"); });
  EXPECT_EQ(refusal(request_for(server.url("/a")), "compressed, which was not asked for"), Errc::unsupported);
  EXPECT_EQ(server.requests().at(0).find("Accept-Encoding"), std::string::npos);
}

TEST_F(FetchHostileTest, ARedirectWithinTheHostIsFollowed) {
  RawHttpServer server([](Exchange& exchange) {
    return exchange.path() == "/b/c" ? exchange.answer(200, "here") : exchange.answer(301, "go", "Location: b/c\r\n");
  });
  EXPECT_EQ(get(request_for(server.url("/a")))->bytes, "here");
}

TEST_F(FetchHostileTest, ARedirectToAnotherHostNeedsToBeAllowed) {
  RawHttpServer other(test::static_site({{"/a", "other"}}), "127.0.0.2");
  RawHttpServer server(
      [&](Exchange& exchange) { return exchange.answer(302, "", "Location: " + other.url("/a") + "\r\n"); });
  auto request = request_for(server.url("/a"));
  EXPECT_EQ(refusal(request, "127.0.0.2:" + std::to_string(other.port()) + " is not among the hosts"),
            Errc::not_authorised);
  EXPECT_TRUE(other.requests().empty());
  request.allowed_hosts = {"127.0.0.1", "127.0.0.2:" + std::to_string(other.port())};
  EXPECT_EQ(get(request)->bytes, "other");
}

TEST_F(FetchHostileTest, ARedirectToAnotherPortNeedsToBeAllowed) {
  RawHttpServer other(test::static_site({{"/a", "other"}}));
  RawHttpServer server(
      [&](Exchange& exchange) { return exchange.answer(302, "", "Location: " + other.url("/a") + "\r\n"); });
  EXPECT_EQ(refusal(request_for(server.url("/a")), "is not among the hosts"), Errc::not_authorised);
  EXPECT_TRUE(other.requests().empty());
}

TEST_F(FetchHostileTest, TheAddressItselfMustBeAllowed) {
  RawHttpServer server(test::static_site({{"/a", "x"}}));
  auto request = request_for(server.url("/a"));
  request.allowed_hosts = {"updates.example.org"};
  EXPECT_EQ(refusal(request, "is not among the hosts"), Errc::not_authorised);
  EXPECT_TRUE(server.requests().empty());
}

TEST_F(FetchHostileTest, ARedirectLoopEnds) {
  RawHttpServer server([](Exchange& exchange) { return exchange.answer(302, "", "Location: /a\r\n"); });
  EXPECT_EQ(refusal(request_for(server.url("/a")), "redirects again and again"), Errc::malformed);
  EXPECT_EQ(server.requests().size(), 1U + Fetcher::kMaxRedirects);
}

TEST_F(FetchHostileTest, RedirectsToOtherSchemesAreRefused) {
  RawHttpServer server([](Exchange& exchange) {
    return exchange.answer(302, "", exchange.path() == "/f" ? "Location: file:///etc/passwd\r\n" : "");
  });
  EXPECT_EQ(refusal(request_for(server.url("/f")), "must begin with https:// or http://"), Errc::invalid_argument);
  EXPECT_EQ(refusal(request_for(server.url("/a")), "without saying where to"), Errc::malformed);
}

TEST_F(FetchHostileTest, AResumeContinuesWhereItStopped) {
  RawHttpServer server([](Exchange& exchange) {
    const bool resumes = exchange.field("Range") == "bytes=3-" && exchange.field("If-Range") == "\"one\"";
    return resumes ? exchange.answer(206, "lo", "Content-Range: bytes 3-4/5\r\nETag: \"one\"\r\n")
                   : exchange.answer(200, "hello", "ETag: \"two\"\r\n");
  });
  auto request = request_for(server.url("/a"), 5);
  request.resume_from = 3;
  request.if_range = "\"one\"";
  const auto rest = get(request);
  ASSERT_TRUE(rest) << rest.error().text;
  EXPECT_EQ(rest->bytes, "lo");
  EXPECT_EQ(rest->response.offset, 3U);
  EXPECT_EQ(rest->response.content_length, 2U);
  // The validator changed: the server sends it all, and the fetch says so.
  request.if_range = "\"zero\"";
  EXPECT_EQ(get(request)->response.offset, 0U);
  EXPECT_EQ(get(request)->bytes, "hello");
}

TEST_F(FetchHostileTest, AWeakValidatorStartsOver) {
  RawHttpServer server(test::static_site({{"/a", "hello"}}));
  auto request = request_for(server.url("/a"), 5);
  request.resume_from = 3;
  request.if_range = "W/\"one\"";
  EXPECT_EQ(get(request)->response.offset, 0U);
  EXPECT_EQ(server.requests().at(0).find("Range"), std::string::npos);
}

TEST_F(FetchHostileTest, WrongRangesAreRefused) {
  const std::vector<std::string> wrong = {
      "Content-Range: bytes 0-1/5\r\n",                     // from another place
      "Content-Range: bytes 3-3/5\r\n",                     // not to the end
      "Content-Range: bytes 3-9/5\r\n",                     // beyond its own end
      "Content-Range: bytes 4-3/5\r\n",                     // backwards
      "Content-Range: bytes 3-5/6\r\n",                     // not as long as it says
      "Content-Range: bytes 3-18446744073709551615/*\r\n",  // overflow
      "Content-Range: lines 3-4/5\r\n",
      "Content-Range: nonsense\r\n",
      "",
      "Content-Range: bytes 3-4/5\r\nETag: \"two\"\r\n",  // of another file
  };
  for (const auto& fields : wrong) {
    RawHttpServer server([&](Exchange& exchange) { return exchange.answer(206, "lo", fields); });
    auto request = request_for(server.url("/a"));
    request.resume_from = 3;
    request.if_range = "\"one\"";
    EXPECT_EQ(refusal(request, "start over"), Errc::malformed) << fields;
  }
}

TEST_F(FetchHostileTest, APartNobodyAskedForIsRefused) {
  RawHttpServer server([](Exchange& exchange) { return exchange.answer(206, "he", "Content-Range: bytes 0-1/2\r\n"); });
  EXPECT_EQ(refusal(request_for(server.url("/a")), "answered 206"), Errc::malformed);
}

TEST_F(FetchHostileTest, AResumedFileStaysWithinTheLimitOfTheWhole) {
  RawHttpServer server([](Exchange& exchange) { return exchange.answer(206, "lo", "Content-Range: bytes 3-4/5\r\n"); });
  auto request = request_for(server.url("/a"), 4);
  request.resume_from = 3;
  EXPECT_EQ(refusal(request, "announces 5 bytes"), Errc::too_large);
}

TEST_F(FetchHostileTest, NothingThereToResumeFromSaysStartOver) {
  RawHttpServer server([](Exchange& exchange) { return exchange.answer(416, "", "Content-Range: bytes */2\r\n"); });
  auto request = request_for(server.url("/a"));
  request.resume_from = 3;
  EXPECT_EQ(refusal(request, "start over"), Errc::invalid_argument);
}

TEST_F(FetchHostileTest, AValidatorCannotSmuggleAHeader) {
  RawHttpServer server(test::static_site({{"/a", "x"}}));
  auto request = request_for(server.url("/a"));
  request.if_none_match = "x\r\nX-Evil: 1";
  EXPECT_EQ(refusal(request, "cannot be sent back"), Errc::invalid_argument);
}

TEST_F(FetchHostileTest, PlainHttpStaysInTheHome) {
  EXPECT_EQ(refusal(request_for("http://192.0.2.1/"), "use https://"), Errc::not_authorised);
  EXPECT_EQ(refusal(request_for("http://[2001:db8::1]/"), "use https://"), Errc::not_authorised);
  // A name is judged by what it resolves to, before anything is sent there.
  EXPECT_EQ(refusal(request_for("http://wan.test/"), "wan.test is outside the home: use https://"),
            Errc::not_authorised);
}

TEST_F(FetchHostileTest, AnUnknownNameIsNamed) {
  EXPECT_EQ(refusal(request_for("https://no-such-host.test/"), "no-such-host.test is not known to the name service"),
            Errc::unavailable);
}

TEST_F(FetchHostileTest, AClosedPortIsNamed) {
  std::uint16_t port = 0;
  { port = RawHttpServer(test::static_site({})).port(); }
  const std::string host = "127.0.0.1:" + std::to_string(port);
  EXPECT_EQ(refusal(request_for("http://" + host + "/"), host + " cannot be reached"), Errc::unavailable);
}

TEST_F(FetchHostileTest, AMuteNameServiceBlocksNothing) {
  auto handle =
      fetcher->fetch(request_for("https://feed.mute.test/"), [](const Result<FetchedBody>&) { ADD_FAILURE(); });
  ASSERT_TRUE(loop->run_until([] { return mute_resolver().asked(); }, std::chrono::seconds(20)));
  // Others go on beside it.
  RawHttpServer server(test::static_site({{"/a", "x"}}));
  EXPECT_TRUE(get(request_for(server.url("/a"))));
  // Its deadline comes without the resolver.
  auto request = request_for("https://second.mute.test/");
  request.total_limit = milliseconds(100);
  const auto before = loop->monotonic();
  EXPECT_EQ(refusal(request, "did not answer in the time allowed"), Errc::unavailable);
  // And neither dropping it nor the fetcher waits for it.
  handle = FetchHandle();
  fetcher.reset();
  EXPECT_LT(loop->monotonic() - before, milliseconds(2000));
  mute_resolver().release();
}

}  // namespace
}  // namespace homepatch
