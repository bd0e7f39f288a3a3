// homepatch-feed verify: what a home would make of a published feed.

#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "base/file.hpp"
#include "feed/command.hpp"
#include "feed/downloader.hpp"
#include "feed/inspection.hpp"
#include "feed/preview.hpp"
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

Result<FetchFile> source(const std::string& place) {
  if (!place.starts_with("http://") && !place.starts_with("https://")) return from_folder(place);
  const auto base = place.ends_with('/') ? place : place + '/';
  TRY(parse_url(base));
  const auto downloader = TRY(Downloader::open());
  return [downloader, base](const std::string& path, std::size_t limit) { return downloader->get(base + path, limit); };
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

void say_denied(const Inspection& seen) {
  if (!seen.denied.empty()) fmt::print("\n");
  for (const auto& [digest, reason] : seen.denied) {
    std::vector<std::string> names;
    for (const auto& catalog : seen.catalogs) {
      const auto own = releases_with(catalog, digest);
      names.insert(names.end(), own.begin(), own.end());
    }
    fmt::print("taken back: {}: {}\n", denied_name(names, digest), reason.empty() ? "no reason is given" : reason);
  }
}

Status verify(const Program& program, const VerifyOptions& options) {
  const auto now = TRY(program.time());
  const auto fetch = TRY(source(options.place));
  auto root = TRY(trusted_root(options, fetch));
  const auto seen = TRY(inspect(fetch, {std::move(root), now, true}));
  for (const auto& catalog : seen.catalogs) fmt::print("\n{}", preview(catalog, nullptr));
  say_denied(seen);
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
