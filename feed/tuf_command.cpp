// homepatch-tuf: a TUF client for the command line, over the same parts that the daemon trusts. For a look into a feed,
// and for those who test clients against each other: the interface is that of the public conformance suite.
// Exit status 0 when all that was asked is done, 1 otherwise.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "base/file.hpp"
#include "base/text.hpp"
#include "feed/tuf_folder.hpp"
#include "feed/tuf_session.hpp"

namespace homepatch::feed {

namespace {

constexpr std::size_t kMaxTrustedRoot = 512'000;

struct Asked {
  TufSessionOptions session;
  std::string trusted_root;
  std::vector<std::string> targets;
};

Status init(const Asked& asked) {
  const auto root = TRY(read_file(asked.trusted_root, kMaxTrustedRoot));
  return TufFolder(asked.session.metadata_dir).begin(root, system_clock());
}

Status refresh(const Asked& asked) {
  auto session = TRY(TufSession::open(asked.session));
  return session.refresh();
}

Status download(const Asked& asked) {
  auto session = TRY(TufSession::open(asked.session));
  TRY(session.refresh());
  for (const auto& target : asked.targets) TRY(session.download(target));
  return {};
}

Status needs(const std::string& value, std::string_view option) {
  if (!value.empty()) return {};
  return fail(Errc::invalid_argument, fmt::format("{} is missing", option));
}

Status run(const CLI::App& app, const Asked& asked) {
  if (app.get_subcommands().empty()) return fail(Errc::invalid_argument, "say what to do: init, refresh or download");
  TRY(needs(asked.session.metadata_dir, "--metadata-dir"));
  if (app.got_subcommand("init")) return init(asked);
  TRY(needs(asked.session.metadata_url, "--metadata-url"));
  if (app.got_subcommand("refresh")) return refresh(asked);
  TRY(needs(asked.session.target_dir, "--target-dir"));
  TRY(needs(asked.session.target_base_url, "--target-base-url"));
  if (asked.targets.empty()) return fail(Errc::invalid_argument, "--target-name is missing");
  return download(asked);
}

void describe(CLI::App& app, Asked& asked) {
  auto& session = asked.session;
  app.require_subcommand(0, 1);  // none is ours to complain about: CLI11 would say so of a misspelt one too
  app.fallthrough();
  app.set_version_flag("--version", "homepatch-tuf " HOMEPATCH_VERSION);
  app.add_option("--metadata-dir", session.metadata_dir, "Folder of the trusted metadata")->type_name("DIR");
  app.add_option("--metadata-url", session.metadata_url, "Where the repository's metadata is served")->type_name("URL");
  app.add_option("--target-name", asked.targets, "A target's path; may be given several times")
      ->type_name("PATH")
      ->allow_extra_args(false);
  app.add_option("--target-dir", session.target_dir, "Folder that the targets are brought to")->type_name("DIR");
  app.add_option("--target-base-url", session.target_base_url, "Where the repository's targets are served")
      ->type_name("URL");
  app.add_option("--ca-file", session.ca_file, "Authorities to believe instead of the system's (PEM)")
      ->type_name("FILE");
  app.add_flag("--allow-http", session.allow_http,
               "Plain http beyond this machine and its home network too (metadata and targets are signed)")
      ->envname("HOMEPATCH_TUF_ALLOW_HTTP");
  app.add_subcommand("init", "Begin to trust a repository by its root; asks nobody")
      ->add_option("TRUSTED_ROOT", asked.trusted_root, "The root's file")
      ->required();
  app.add_subcommand("refresh", "Bring the trusted metadata up to date");
  app.add_subcommand("download", "Bring it up to date, then bring the named targets");
}

}  // namespace

int tuf_main(int argc, char** argv) {
  CLI::App app("A TUF client for the command line.", "homepatch-tuf");
  Asked asked;
  describe(app, asked);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    fmt::print(stderr, "homepatch-tuf: {}\nSee: homepatch-tuf --help\n", printable(error.what(), 400));
    return kExitFailed;
  }
  const auto done = run(app, asked);
  if (done) return kExitDone;
  fmt::print(stderr, "homepatch-tuf: {}\n", printable(done.error().text, 2000));
  return kExitFailed;
}

}  // namespace homepatch::feed

int main(int argc, char** argv) { return homepatch::feed::tuf_main(argc, argv); }
