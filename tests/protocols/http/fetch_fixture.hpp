// A loop, a fetcher, and one call that waits for its answer.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "protocols/http/fetcher.hpp"
#include "support/raw_http_server.hpp"

namespace homepatch {

class FetchTest : public ::testing::Test {
 protected:
  using Exchange = test::RawHttpServer::Exchange;

  static FetchRequest request_for(const std::string& url, std::uint64_t max_bytes = 1000) {
    FetchRequest request;
    request.url = url;
    request.max_bytes = max_bytes;
    request.total_limit = std::chrono::seconds(20);
    return request;
  }

  Result<FetchedBody> get(FetchRequest request) {
    std::optional<Result<FetchedBody>> answer;
    const auto handle =
        fetcher->fetch(std::move(request), [&](Result<FetchedBody> result) { answer = std::move(result); });
    EXPECT_FALSE(answer) << "a result inside the starting call";
    EXPECT_TRUE(loop->run_until([&] { return answer.has_value(); }, std::chrono::seconds(20)));
    return answer ? *answer : Result<FetchedBody>(fail(Errc::internal, "the fetch never ended"));
  }

  // The error's code; the text must contain `words`.
  Errc refusal(FetchRequest request, const std::string& words) {
    const auto result = get(std::move(request));
    EXPECT_FALSE(result) << "nothing was refused";
    if (result) return Errc::internal;
    EXPECT_NE(result.error().text.find(words), std::string::npos) << result.error().text;
    return result.error().code;
  }

  std::unique_ptr<EventLoop> loop = EventLoop::open().value();
  std::unique_ptr<Fetcher> fetcher = Fetcher::open(*loop).value();
};

}  // namespace homepatch
