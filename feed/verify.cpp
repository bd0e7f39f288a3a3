// homepatch-feed verify: what a home would make of a published feed.

#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <optional>

#include "base/event_loop.hpp"
#include "base/file.hpp"
#include "feed/command.hpp"
#include "feed/inspection.hpp"
#include "feed/preview.hpp"
#include "protocols/http/fetcher.hpp"
#include "protocols/http/url.hpp"
#include "trust/hash.hpp"
#include "trust/tuf/time_text.hpp"

namespace homepatch::feed {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxRootBytes = 512'000;

struct VerifyOptions {
  std::string place;
  std::string root;
};

FetchFile from_folder(const fs::path& folder) {
  return [folder](const std::string& path, std::size_t limit) { return read_file(folder / path, limit); };
}

// One file after the other, as a home fetches them, but on plain http too: this is the publisher's own server.
class Server {
 public:
  static Result<std::shared_ptr<Server>> open(std::string base) {
    if (!base.ends_with('/')) base += '/';
    TRY(parse_url(base));
    auto loop = TRY(EventLoop::open());
    auto fetcher = TRY(Fetcher::open(*loop));
    return std::shared_ptr<Server>(new Server(std::move(base), std::move(loop), std::move(fetcher)));
  }

  Result<std::string> fetch(const std::string& path, std::size_t limit) {
    std::optional<Result<FetchedBody>> answer;
    FetchRequest request;
    request.url = base_ + path;
    request.max_bytes = limit;
    request.allow_plain_http_to_wan = true;
    const auto handle =
        fetcher_->fetch(std::move(request), [&](Result<FetchedBody> body) { answer = std::move(body); });
    // The fetch has its own limits, all of them shorter.
    loop_->run_until([&] { return answer.has_value(); }, std::chrono::hours(1));
    if (!answer) return fail(Errc::unavailable, base_ + path + ": no answer");
    if (!*answer) return fail(std::move(*answer).error());
    return std::move(**answer).bytes;
  }

 private:
  Server(std::string base, std::unique_ptr<EventLoop> loop, std::unique_ptr<Fetcher> fetcher)
      : base_(std::move(base)), loop_(std::move(loop)), fetcher_(std::move(fetcher)) {}

  std::string base_;
  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<Fetcher> fetcher_;
};

Result<FetchFile> source(const std::string& place) {
  if (!place.starts_with("http://") && !place.starts_with("https://")) return from_folder(place);
  const auto server = TRY(Server::open(place));
  return [server](const std::string& path, std::size_t limit) { return server->fetch(path, limit); };
}

Result<std::string> trusted_root(const VerifyOptions& options, const FetchFile& fetch) {
  if (!options.root.empty()) return read_file(options.root, kMaxRootBytes);
  auto root = TRY(fetch("metadata/1.root.json", kMaxRootBytes));
  fmt::print(
      "No --root is given: the feed's own first root is believed. Its fingerprint must be the one that you gave\n"
      "out: {}\n",
      sha256(root).hex());
  return root;
}

Status verify(const Program& program, const VerifyOptions& options) {
  const auto now = TRY(program.time());
  const auto fetch = TRY(source(options.place));
  auto root = TRY(trusted_root(options, fetch));
  const auto seen = TRY(inspect(fetch, {std::move(root), now, true}));
  for (const auto& catalog : seen.catalogs) fmt::print("\n{}", preview(catalog, nullptr));
  fmt::print(
      "\nThe feed is valid until {}: root {}, {} model(s), {} image(s), every image fetched and its hash right.\n",
      tuf::time_text(seen.valid_until), seen.root_version, seen.catalogs.size(), seen.images);
  return {};
}

}  // namespace

void add_verify(Program& program) {
  auto options = std::make_shared<VerifyOptions>();
  auto* command = program.app.add_subcommand("verify", "Check a published feed as a home would, images included");
  command->add_option("WHERE", options->place, "The published folder, or the address that it is served at")->required();
  command->add_option("--root", options->root, "The root that homes have (metadata/1.root.json)")->type_name("FILE");
  command->callback(
      [&program, options] { program.chosen = [&program, options] { return verify(program, *options); }; });
}

}  // namespace homepatch::feed
