#include "feed/downloader.hpp"

#include <optional>

namespace homepatch::feed {

Result<std::shared_ptr<Downloader>> Downloader::open() {
  auto loop = TRY(EventLoop::open());
  auto fetcher = TRY(Fetcher::open(*loop));
  return std::shared_ptr<Downloader>(new Downloader(std::move(loop), std::move(fetcher)));
}

Result<std::string> Downloader::get(const std::string& url, std::size_t limit) {
  std::optional<Result<FetchedBody>> answer;
  FetchRequest request;
  request.url = url;
  request.max_bytes = limit;
  request.allow_plain_http_to_wan = true;
  const auto handle = fetcher_->fetch(std::move(request), [&](Result<FetchedBody> body) { answer = std::move(body); });
  // The fetch has its own limits, all of them shorter.
  loop_->run_until([&] { return answer.has_value(); }, std::chrono::hours(1));
  if (!answer) return fail(Errc::unavailable, url + ": no answer");
  if (!*answer) return fail(std::move(*answer).error());
  return std::move(**answer).bytes;
}

}  // namespace homepatch::feed
