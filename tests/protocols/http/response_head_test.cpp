#include "protocols/http/response_head.hpp"

#include <gtest/gtest.h>

#include <initializer_list>

#include "protocols/http/ip_address.hpp"

namespace homepatch {
namespace {

ResponseHead head_of(std::initializer_list<std::string_view> lines) {
  ResponseHead head;
  for (const auto line : lines) EXPECT_TRUE(head.add(line));
  return head;
}

const Url kUrl = parse_url("https://feed.example/a").value();

TEST(ResponseHead, AnInterimAnswerIsNotTheAnswer) {
  auto head = head_of({"HTTP/1.1 100 Continue\r\n", "ETag: \"no\"\r\n", "\r\n"});
  EXPECT_FALSE(head.complete());
  head.add("HTTP/1.1 200 OK\r\n");
  head.add("\r\n");
  EXPECT_TRUE(head.complete());
  EXPECT_EQ(head.judge(kUrl, {}, 10)->etag, "");
}

TEST(ResponseHead, ATrailerChangesNothing) {
  auto head = head_of({"HTTP/1.1 200 OK\r\n", "\r\n", "ETag: \"late\"\r\n", "\r\n"});
  EXPECT_EQ(head.judge(kUrl, {}, 10)->etag, "");
}

TEST(ResponseHead, ALengthBesideChunkedHasNoMeaning) {
  const auto head = head_of({"HTTP/1.1 200 OK\r\n", "content-length: 5\r\n", "TRANSFER-ENCODING: chunked\r\n", "\r\n"});
  EXPECT_FALSE(head.judge(kUrl, {}, 10)->content_length);
}

TEST(ResponseHead, AnOverlongValidatorIsNotKept) {
  const auto head = head_of({"HTTP/1.1 200 OK\r\n", "ETag: \"" + std::string(1000, 'e') + "\"\r\n", "\r\n"});
  EXPECT_EQ(head.judge(kUrl, {}, 10)->etag, "");
}

TEST(Url, IsTakenApart) {
  const auto url = parse_url("HTTPS://Feed.Example:8443/a/../b%3F?c=d#e").value();
  EXPECT_TRUE(url.secure);
  EXPECT_EQ(url.host, "feed.example");
  EXPECT_EQ(url.port, 8443);
  EXPECT_EQ(url.path, "/b%3F?c=d");
  EXPECT_EQ(url.authority(), "feed.example:8443");
  EXPECT_EQ(parse_url("http://[::1]:80/").value().authority(), "[::1]");
}

TEST(Url, RefusesWhatCouldMislead) {
  for (const char* text : {"", "feed.example/a", "ftp://feed.example/", "file:///etc/passwd", "https://",
                           "https://user:secret@feed.example/", "https://feed.example/a b", "https://feed.example/\n",
                           "https://feed.example:0/", "https://feed.example:99999/", "https://fe\xC3\xB6.example/"}) {
    EXPECT_FALSE(parse_url(text)) << text;
  }
  EXPECT_FALSE(parse_url("https://feed.example/" + std::string(3000, 'a')));
  EXPECT_EQ(parse_url("https://user:secret@feed.example/").error().code, Errc::invalid_argument);
}

TEST(Url, MayMoveToHttpsOfItsOwnHost) {
  const auto plain = parse_url("http://feed.example/").value();
  const auto secure = parse_url("https://feed.example/").value();
  EXPECT_TRUE(host_allowed(secure, plain, {}));
  EXPECT_FALSE(host_allowed(parse_url("https://feed.example:444/").value(), plain, {}));
  EXPECT_FALSE(host_allowed(parse_url("https://feed.example.evil/").value(), plain, {}));
  EXPECT_TRUE(host_allowed(parse_url("https://[2001:db8::1]:444/").value(), plain, {"[2001:db8::1]:444"}));
  EXPECT_FALSE(host_allowed(parse_url("https://mirror.example:444/").value(), plain, {"mirror.example:443"}));
}

TEST(IpAddress, KnowsTheHome) {
  for (const char* text : {"127.0.0.1", "127.9.9.9", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.4.5",
                           "169.254.1.1", "::1", "fe80::1", "fd00::1", "fc00::1", "::ffff:10.0.0.1"}) {
    EXPECT_TRUE(IpAddress::parse(text).value().is_at_home()) << text;
  }
  for (const char* text : {"8.8.8.8", "172.32.0.1", "172.15.0.1", "192.169.0.1", "100.64.0.1", "0.0.0.0",
                           "::", "fec0::1", "2001:db8::1", "::ffff:8.8.8.8"}) {
    EXPECT_FALSE(IpAddress::parse(text).value().is_at_home()) << text;
  }
  EXPECT_FALSE(IpAddress::parse("10.1"));
  EXPECT_FALSE(IpAddress::parse("fe80::1%eth0"));
  EXPECT_EQ(IpAddress::parse("::ffff:10.0.0.1").value().to_string(), "10.0.0.1");
}

}  // namespace
}  // namespace homepatch
