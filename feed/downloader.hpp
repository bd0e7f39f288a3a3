// One file after the other over http and https, waited for: what a command line needs of protocols/http. Plain http is
// allowed beyond the home too: what comes is believed by its hash or signature alone.
#pragma once

#include <memory>
#include <string>

#include "base/event_loop.hpp"
#include "base/result.hpp"
#include "protocols/http/fetcher.hpp"

namespace homepatch::feed {

class Downloader {
 public:
  static Result<std::shared_ptr<Downloader>> open();

  // The whole body; too_large above `limit` bytes.
  Result<std::string> get(const std::string& url, std::size_t limit);

 private:
  Downloader(std::unique_ptr<EventLoop> loop, std::unique_ptr<Fetcher> fetcher)
      : loop_(std::move(loop)), fetcher_(std::move(fetcher)) {}

  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<Fetcher> fetcher_;
};

}  // namespace homepatch::feed
