// homepatch-feed as its users run it: the real program in a folder of its own.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "support/child.hpp"

namespace homepatch::test {

struct ToolRun {
  int status = -1;
  std::string output;  // both streams
};

class FeedTool {
 public:
  FeedTool();

  // homepatch-feed with these arguments. Paths are the test's own: see path().
  ToolRun run(std::vector<std::string> arguments);

  // Makes the feed "work" with the passphrase of "pass".
  ToolRun init(std::vector<std::string> more = {});
  ToolRun add(const std::string& release_toml, const std::vector<std::string>& images = {"fw.bin"});
  ToolRun publish(std::vector<std::string> more = {});
  ToolRun verify(std::vector<std::string> more = {});
  // What python tuf makes of the published feed: status 0 when it verified these targets, 77 when it is not installed.
  [[nodiscard]] ToolRun ask_foreign_client(const std::vector<std::string>& targets) const;

  [[nodiscard]] std::string path(const std::string& name) const { return folder_.path(name); }
  std::string file(const std::string& name, const std::string& content) const { return folder_.file(name, content); }
  [[nodiscard]] std::string read(const std::string& name) const;
  [[nodiscard]] nlohmann::json json(const std::string& name) const;
  // What counts as now, "YYYY-MM-DDTHH:MM:SSZ"; empty: the system's clock.
  void set_now(std::string now) { now_ = std::move(now); }

 private:
  TemporaryFolder folder_;
  std::string now_ = "2026-11-23T10:00:00Z";
};

bool says(const ToolRun& run, const std::string& text);

// Every file below, by its path from there: "/a/b".
std::map<std::string, std::string> files_below(const std::string& folder);

// A release.toml of acme.example/plug for a Tasmota device.
std::string release_toml(const std::string& version, int seq);

// `text` with its first `from` replaced; the test fails when there is none.
std::string replaced(std::string text, const std::string& from, const std::string& to);

}  // namespace homepatch::test
