#include "cli/tally.hpp"

#include <fmt/format.h>

#include <cstdio>

namespace homepatch::cli {

void Tally::note(const std::string& subject, const char* outcome, const std::string& text,
                 std::optional<std::int64_t> update) {
  Json result{{"device", subject}, {"outcome", outcome}, {"text", text}};
  if (update) result["update"] = *update;
  results_.push_back(std::move(result));
}

void Tally::done(const std::string& subject, const std::string& sentence, std::optional<std::int64_t> update) {
  any_done_ = true;
  note(subject, "done", sentence, update);
  if (!program_.json) program_.screen.line(sentence);
}

void Tally::nothing(const std::string& subject, const std::string& sentence, std::optional<std::int64_t> update) {
  note(subject, "nothing", sentence, update);
  if (!program_.json) program_.screen.line(sentence);
}

void Tally::failed(const std::string& subject, const Error& error) {
  if (error.code == Errc::nothing_to_do) return nothing(subject, fmt::format("{}: {}", subject, error.text));
  if (!failure_) failure_ = error.code;
  note(subject, "failed", error.text, std::nullopt);
  results_.back()["code"] = to_string(error.code);
  fmt::print(stderr, "homepatchctl: {}: {}\n", subject, error.text);
}

int Tally::status() const {
  if (failure_) return exit_status(*failure_);
  return any_done_ ? kExitDone : kExitNothingToDo;
}

int Tally::finish() const {
  if (program_.json) program_.screen.print(document({{"results", results_}}));
  return status();
}

}  // namespace homepatch::cli
