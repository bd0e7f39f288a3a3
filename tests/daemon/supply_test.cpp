// What becomes of a partial download: it goes on where it can, and is thrown away only for something better.
#include "daemon/fetch/supply.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <mutex>

#include "storage/database.hpp"
#include "tests/support/child.hpp"
#include "tests/support/raw_http_server.hpp"
#include "tests/support/scratch_folder.hpp"
#include "trust/hash.hpp"

namespace homepatch::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr auto kDeadline = std::chrono::seconds(20);
constexpr std::size_t kPart = 60'000;

std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

class SupplyTest : public ::testing::Test {
 protected:
  using Exchange = RawHttpServer::Exchange;

  // The daemon starts (again): nothing but what lies on the disk is known.
  void restart() {
    wish.reset();
    supply.reset();
    cache.reset();
    cache = ArtifactCache::open(*database, folder / "cache", {64U << 20U, 0, 0}).value();
    supply = std::make_unique<Supply>(*loop, *fetcher, *cache, [this](std::string_view, const UpdateImage&) {
      return Supply::Places{places, {}};
    });
  }
  void want() {
    answered = false;
    wish = supply->want("acme", {"app", "app.bin", "image.bin", content.size(), sha256(content)}, [this](Status said) {
      answered = true;
      outcome = std::move(said);
    });
  }
  [[nodiscard]] bool answer() {
    want();
    return loop->run_until([this] { return answered; }, kDeadline);
  }
  void answers(RawHttpServer::Handler with) {
    const std::lock_guard lock(mutex);
    handler = std::move(with);
  }
  void leave_part(std::size_t size) {
    const auto writer = cache->begin(sha256(content), content.size()).value();
    ASSERT_TRUE(writer->write(bytes_of(content).first(size)));
  }
  // An attempt that the server breaks off, then a restart.
  void break_off(const std::string& fields) {
    answers([this, fields](Exchange& exchange) {
      if (!exchange.field("Range").empty()) return exchange.answer(503, "");
      exchange.send(fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{}\r\n", content.size(), fields));
      exchange.send(content.substr(0, kPart));
      return false;
    });
    ASSERT_TRUE(answer());
    ASSERT_FALSE(outcome);
    ASSERT_EQ(part(), kPart);
    restart();
  }
  // A server that keeps the rules.
  bool serve(Exchange& exchange, const std::string& etag) const {
    const std::string range = exchange.field("Range");
    const std::string fields = "ETag: " + etag + "\r\n";
    const std::string condition = exchange.field("If-Range");
    if (range.empty() || (!condition.empty() && condition != etag)) return exchange.answer(200, content, fields);
    const auto first = std::stoul(range.substr(range.find('=') + 1));
    return exchange.answer(
        206, content.substr(first),
        fmt::format("{}Content-Range: bytes {}-{}/{}\r\n", fields, first, content.size() - 1, content.size()));
  }
  [[nodiscard]] std::filesystem::path part_file() const { return folder / "cache/partial" / sha256(content).hex(); }
  [[nodiscard]] std::filesystem::path origin_file() const { return part_file().string() + ".from"; }
  [[nodiscard]] std::size_t part() const {
    std::error_code ec;
    const auto size = std::filesystem::file_size(part_file(), ec);
    return ec ? 0 : size;
  }

  const std::string content = std::string(60'000, 'a') + std::string(40'000, 'b');
  ScratchFolder folder;
  std::mutex mutex;
  RawHttpServer::Handler handler = [this](Exchange& exchange) { return serve(exchange, "\"one\""); };
  RawHttpServer web{[this](Exchange& exchange) {
    std::unique_lock lock(mutex);
    const auto now = handler;
    lock.unlock();
    return now(exchange);
  }};
  RawHttpServer other{[this](Exchange& exchange) { return serve(exchange, "\"two\""); }};
  std::vector<std::string> places{web.url("/app.bin")};
  std::unique_ptr<EventLoop> loop = EventLoop::open().value();
  std::unique_ptr<Database> database = Database::open(folder / "homepatch.db").value();
  std::unique_ptr<Fetcher> fetcher = Fetcher::open(*loop).value();
  std::unique_ptr<ArtifactCache> cache;
  std::unique_ptr<Supply> supply;
  std::unique_ptr<Supply::Wish> wish;
  bool answered = false;
  Status outcome;

  void SetUp() override { restart(); }
};

TEST_F(SupplyTest, AfterARestartItAsksWhetherTheFileIsStillTheSame) {
  break_off("ETag: \"one\"\r\nLast-Modified: Mon, 23 Nov 2026 10:00:00 GMT\r\n");
  EXPECT_TRUE(std::filesystem::exists(origin_file()));
  answers([this](Exchange& exchange) { return serve(exchange, "\"one\""); });
  ASSERT_TRUE(answer());
  EXPECT_TRUE(outcome) << outcome.error().text;
  EXPECT_THAT(web.requests().back(), HasSubstr("Range: bytes=60000-"));
  EXPECT_THAT(web.requests().back(), HasSubstr("If-Range: \"one\""));
  EXPECT_FALSE(std::filesystem::exists(origin_file())) << "goes with the part";
}

TEST_F(SupplyTest, AChangedValidatorStartsOver) {
  break_off("ETag: \"one\"\r\n");
  const auto before = web.requests().size();
  answers([this](Exchange& exchange) { return serve(exchange, "\"newer\""); });
  ASSERT_TRUE(answer());
  EXPECT_TRUE(outcome) << outcome.error().text;
  EXPECT_EQ(web.requests().size(), before + 1);
}

TEST_F(SupplyTest, AWeakTagIsNoValidatorButADateIs) {
  break_off("ETag: W/\"one\"\r\nLast-Modified: Mon, 23 Nov 2026 10:00:00 GMT\r\n");
  ASSERT_TRUE(answer());
  EXPECT_THAT(web.requests().back(), HasSubstr("If-Range: Mon, 23 Nov 2026 10:00:00 GMT"));
}

TEST_F(SupplyTest, AnotherPlaceIsNotToldTheValidator) {
  break_off("ETag: \"one\"\r\n");
  answers([](Exchange& exchange) { return exchange.answer(404, ""); });
  places = {other.url("/app.bin"), web.url("/app.bin")};
  ASSERT_TRUE(answer());
  EXPECT_TRUE(outcome) << outcome.error().text;
  EXPECT_THAT(web.requests().back(), HasSubstr("If-Range: \"one\"")) << "where it began is asked first";
  ASSERT_EQ(other.requests().size(), 1U);
  EXPECT_THAT(other.requests()[0], HasSubstr("Range: bytes=60000-"));
  EXPECT_THAT(other.requests()[0], Not(HasSubstr("If-Range")));
}

TEST_F(SupplyTest, AFileThatIsGoneIsAskedForOnceAndThePartStays) {
  leave_part(kPart);
  answers([](Exchange& exchange) { return exchange.answer(404, ""); });
  ASSERT_TRUE(answer());
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, Errc::not_found);
  EXPECT_EQ(web.requests().size(), 1U);
  EXPECT_EQ(part(), kPart);
}

TEST_F(SupplyTest, AServerThatCannotGoOnIsAskedForTheWhole) {
  leave_part(kPart);
  answers([this](Exchange& exchange) {
    return exchange.field("Range").empty() ? exchange.answer(200, content) : exchange.answer(416, "");
  });
  ASSERT_TRUE(answer());
  EXPECT_TRUE(outcome) << outcome.error().text;
  EXPECT_EQ(web.requests().size(), 2U);
}

TEST_F(SupplyTest, AServerThatHasNothingToOfferDoesNotCostThePart) {
  leave_part(kPart);
  answers([](Exchange& exchange) { return exchange.answer(416, ""); });
  ASSERT_TRUE(answer());
  EXPECT_FALSE(outcome);
  EXPECT_EQ(web.requests().size(), 2U);
  EXPECT_EQ(part(), kPart);
}

TEST_F(SupplyTest, TheLoginPageOfANetworkDoesNotCostThePart) {
  leave_part(kPart);
  answers([](Exchange& exchange) { return exchange.answer(200, "<html>please log in</html>"); });
  ASSERT_TRUE(answer());
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, Errc::unavailable);
  EXPECT_THAT(outcome.error().text, HasSubstr("a network that asks for a login"));
  EXPECT_EQ(part(), kPart);
}

TEST_F(SupplyTest, APasswordThatIsAskedForDoesNotCostThePart) {
  leave_part(kPart);
  answers([](Exchange& exchange) { return exchange.answer(401, ""); });
  ASSERT_TRUE(answer());
  EXPECT_FALSE(outcome);
  EXPECT_EQ(part(), kPart);
}

TEST_F(SupplyTest, ARefusedRedirectDoesNotCostThePart) {
  leave_part(kPart);
  answers([](Exchange& exchange) { return exchange.answer(302, "", "Location: https://elsewhere.example/x\r\n"); });
  ASSERT_TRUE(answer());
  EXPECT_FALSE(outcome);
  EXPECT_EQ(part(), kPart);
}

TEST_F(SupplyTest, AServerThatFailsAtTlsDoesNotCostThePart) {
  leave_part(kPart);
  const auto key = (folder / "key.pem").string();
  const auto certificate = (folder / "cert.pem").string();
  Child maker({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
               key, "-out", certificate, "-days", "2", "-subj", "/CN=127.0.0.1"});
  ASSERT_EQ(maker.wait(), 0) << maker.output();
  Child server({"openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", certificate, "-key", key, "-www"});
  const std::string announced = "ACCEPT 127.0.0.1:";
  ASSERT_TRUE(server.wait_for_output(*loop, announced)) << server.output();
  const auto port = std::stoi(server.output().substr(server.output().find(announced) + announced.size()));
  places = {fmt::format("https://127.0.0.1:{}/app.bin", port)};
  ASSERT_TRUE(answer());
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, Errc::unavailable);
  EXPECT_THAT(outcome.error().text, HasSubstr("with its certificate"));
  EXPECT_EQ(part(), kPart);
}

TEST_F(SupplyTest, AWholePartNeedsNoRequest) {
  leave_part(content.size());
  ASSERT_TRUE(answer());
  EXPECT_TRUE(outcome) << outcome.error().text;
  EXPECT_TRUE(web.requests().empty());
  EXPECT_TRUE(cache->contains(sha256(content)));
}

TEST_F(SupplyTest, AWholePartThatIsWrongIsFetchedAnew) {
  leave_part(content.size());
  std::filesystem::resize_file(part_file(), 10);
  std::filesystem::resize_file(part_file(), content.size());
  ASSERT_TRUE(answer());
  EXPECT_TRUE(outcome) << outcome.error().text;
  EXPECT_EQ(web.requests().size(), 1U);
}

TEST_F(SupplyTest, APartThatIsWrongIsFetchedAnewFromTheSamePlace) {
  leave_part(kPart);
  std::filesystem::resize_file(part_file(), 10);
  std::filesystem::resize_file(part_file(), kPart);
  ASSERT_TRUE(answer());
  EXPECT_TRUE(outcome) << outcome.error().text;
  EXPECT_EQ(web.requests().size(), 2U);
}

}  // namespace
}  // namespace homepatch::test
