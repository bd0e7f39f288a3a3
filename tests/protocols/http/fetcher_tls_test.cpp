// The fetcher against a real TLS server: openssl s_server with a certificate made for the test.
#include <filesystem>

#include "fetch_fixture.hpp"
#include "support/child.hpp"

namespace homepatch {
namespace {

class FetchTlsTest : public FetchTest {
 protected:
  void SetUp() override {
    test::Child certificate({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                             "-nodes", "-keyout", folder.path("key.pem"), "-out", folder.path("cert.pem"), "-days", "2",
                             "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"});
    ASSERT_EQ(certificate.wait(), 0) << certificate.output();
  }

  // Serves `answer`, a whole HTTP answer, at the given path, as -HTTP takes it from the folder.
  void serve(const std::string& name, const std::string& answer) {
    folder.file(name, answer);
    const auto here = std::filesystem::current_path();
    std::filesystem::current_path(folder.path());
    server.emplace(std::vector<std::string>{"openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", "cert.pem",
                                            "-key", "key.pem", "-HTTP"});
    std::filesystem::current_path(here);
    const std::string announced = "ACCEPT 127.0.0.1:";
    ASSERT_TRUE(server->wait_for_output(*loop, announced)) << server->output();
    port = std::stoi(server->output().substr(server->output().find(announced) + announced.size()));
  }

  std::string url(const std::string& path) { return "https://127.0.0.1:" + std::to_string(port) + path; }

  test::TemporaryFolder folder;
  std::optional<test::Child> server;
  int port = 0;
};

TEST_F(FetchTlsTest, AnUnknownCertificateIsAServerThatCannotBeUsed) {
  serve("a", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi");
  EXPECT_EQ(refusal(request_for(url("/a")), "cannot prove who it is with its certificate"), Errc::unavailable);
}

TEST_F(FetchTlsTest, ACertificateOfTheNamedAuthorityIs) {
  serve("a", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi");
  fetcher = Fetcher::open(*loop, {folder.path("cert.pem")}).value();
  const auto result = get(request_for(url("/a")));
  ASSERT_TRUE(result) << result.error().text;
  EXPECT_EQ(result->bytes, "hi");
}

TEST_F(FetchTlsTest, ARedirectDownToPlainHttpIsRefused) {
  serve("a", "HTTP/1.0 302 Found\r\nContent-Length: 0\r\nLocation: http://127.0.0.1/\r\n\r\n");
  fetcher = Fetcher::open(*loop, {folder.path("cert.pem")}).value();
  auto request = request_for(url("/a"));
  request.allowed_hosts = {"127.0.0.1"};
  EXPECT_EQ(refusal(request, "from https to plain http"), Errc::not_authorised);
}

TEST_F(FetchTlsTest, AnUnreadableAuthorityFileIsNamed) {
  serve("a", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi");
  fetcher = Fetcher::open(*loop, {folder.path("missing.pem")}).value();
  EXPECT_EQ(refusal(request_for(url("/a")), "the CA file cannot be read"), Errc::io);
}

}  // namespace
}  // namespace homepatch
