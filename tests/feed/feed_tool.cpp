#include "feed_tool.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace homepatch::test {

FeedTool::FeedTool() {
  file("pass", "correct horse\n");
  file("fw.bin", "the first firmware");
}

ToolRun FeedTool::run(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), HOMEPATCH_FEED);
  if (!now_.empty()) arguments.insert(arguments.end(), {"--now", now_});
  Child child(arguments);
  const auto status = child.wait();
  return {status.value_or(-1), child.output()};
}

ToolRun FeedTool::init(std::vector<std::string> more) {
  more.insert(more.begin(), {"init", path("work"), "--name", "Acme patches", "--passphrase-file", path("pass")});
  return run(std::move(more));
}

ToolRun FeedTool::add(const std::string& release_toml, const std::vector<std::string>& images) {
  std::vector<std::string> arguments{"add", "--feed", path("work"), file("release.toml", release_toml)};
  for (const auto& image : images) arguments.push_back(path(image));
  return run(std::move(arguments));
}

ToolRun FeedTool::publish(std::vector<std::string> more) {
  more.insert(more.begin(), {"publish", path("out"), "--feed", path("work"), "--passphrase-file", path("pass")});
  return run(std::move(more));
}

ToolRun FeedTool::verify(std::vector<std::string> more) {
  more.insert(more.begin(), {"verify", path("out"), "--root", path("work/metadata/1.root.json")});
  return run(std::move(more));
}

ToolRun FeedTool::ask_foreign_client(const std::vector<std::string>& targets) const {
  std::vector<std::string> command{"python3", FOREIGN_CLIENT, path("out"), path("work/metadata/1.root.json")};
  command.insert(command.end(), targets.begin(), targets.end());
  Child client(command);
  const auto status = client.wait();
  return {status.value_or(-1), client.output()};
}

std::string FeedTool::read(const std::string& name) const {
  std::ifstream in(path(name), std::ios::binary);
  EXPECT_TRUE(in) << name;
  return {std::istreambuf_iterator<char>(in), {}};
}

nlohmann::json FeedTool::json(const std::string& name) const { return nlohmann::json::parse(read(name)); }

bool says(const ToolRun& run, const std::string& text) { return run.output.find(text) != std::string::npos; }

std::map<std::string, std::string> files_below(const std::string& folder) {
  namespace fs = std::filesystem;
  std::map<std::string, std::string> out;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    out["/" + fs::relative(entry.path(), folder).string()] = {std::istreambuf_iterator<char>(in), {}};
  }
  return out;
}

std::string release_toml(const std::string& version, int seq) {
  return fmt::format(R"(version = "{}"
seq = {}
kind = "security"
severity = "high"
cves = ["CVE-2026-0001"]
summary = "Closes the open door."

[vendor]
id = "acme.example"
name = "Acme"

[model]
id = "plug"
name = "Acme Plug"
hw = ["A", "B"]

[[match.tasmota]]
chip = "ESP8266EX"
image = "tasmota"

[support]
end = 2031-05-31
kind = "guaranteed"
)",
                     version, seq);
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  if (at != std::string::npos) text.replace(at, from.size(), to);
  return text;
}

}  // namespace homepatch::test
