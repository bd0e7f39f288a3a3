// One cycle of a TUF client that does one thing after the other: asks the network, keeps what is trusted in its folder,
// brings targets to another. The daemon drives the same tuf::Client from its loop; this is for the command line.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/event_loop.hpp"
#include "base/result.hpp"
#include "feed/tuf_folder.hpp"
#include "protocols/http/fetcher.hpp"

namespace homepatch::feed {

struct TufSessionOptions {
  std::string metadata_dir;
  std::string metadata_url;
  std::string target_dir;
  std::string target_base_url;
  std::string ca_file;      // PEM; empty: the system's authorities
  bool allow_http = false;  // plain http beyond the home
};

class TufSession {
 public:
  static Result<TufSession> open(const TufSessionOptions& options);

  // The whole client workflow up to the top-level targets.
  Status refresh();

  // After refresh(). A target whose right bytes are in the target folder already is not fetched again. not_found when
  // no role lists it.
  Status download(const std::string& target_path);

 private:
  TufSession(TufSessionOptions options, TufFolder folder, tuf::Client client, std::unique_ptr<EventLoop> loop,
             std::unique_ptr<Fetcher> fetcher)
      : options_(std::move(options)),
        folder_(std::move(folder)),
        client_(std::move(client)),
        loop_(std::move(loop)),
        fetcher_(std::move(fetcher)) {}

  Status take_steps();
  Status answer(const tuf::Fetch& wanted);
  Status bring(const tuf::Target& target, const std::string& file);
  Status receive(const tuf::Target& target, const std::string& url, int fd);
  [[nodiscard]] FetchRequest request(const std::string& base, const std::string& path, std::uint64_t max_bytes) const;
  [[nodiscard]] Result<std::string> file_for(const std::string& target_path) const;

  TufSessionOptions options_;
  TufFolder folder_;
  tuf::Client client_;
  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<Fetcher> fetcher_;
};

// What every session judges by: the system's clock, and what a desktop can bear.
tuf::Clock system_clock();

}  // namespace homepatch::feed
