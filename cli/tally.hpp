// What a command did to each of the things that it was asked to do something to: said at once to a person, collected
// for --json, and summed up as the exit status.
#pragma once

#include <optional>
#include <string>

#include "base/error.hpp"
#include "cli/documents.hpp"
#include "cli/program.hpp"

namespace homepatch::cli {

class Tally {
 public:
  explicit Tally(const Program& program) : program_(program) {}

  // `subject` is a device's id, `sentence` for people (printable). `update` is the number of the update in question.
  void done(const std::string& subject, const std::string& sentence, std::optional<std::int64_t> update = {});
  void nothing(const std::string& subject, const std::string& sentence, std::optional<std::int64_t> update = {});
  // An error that says that there is nothing to do is no failure.
  void failed(const std::string& subject, const Error& error);

  // {"results": [{"device", "outcome": done|nothing|failed, "text", "update"?, "code"?}]}
  [[nodiscard]] const Json& results() const { return results_; }
  // That of the first failure, else 0 if anything was done, else 2.
  [[nodiscard]] int status() const;
  // Prints the document where --json asks for it; gives the exit status.
  int finish() const;

 private:
  void note(const std::string& subject, const char* outcome, const std::string& text,
            std::optional<std::int64_t> update);

  const Program& program_;
  Json results_ = Json::array();
  std::optional<Errc> failure_;
  bool any_done_ = false;
};

}  // namespace homepatch::cli
