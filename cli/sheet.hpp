// All of one thing for people: a label and its text, row by row, the text wrapped beside the label. Texts are printable
// already.
#pragma once

#include <string_view>

#include "cli/screen.hpp"

namespace homepatch::cli {

class Sheet {
 public:
  static constexpr std::size_t kLabel = 15;  // columns: the longest label and a blank

  explicit Sheet(const Screen& screen) : screen_(screen) {}

  void row(std::string_view label, std::string_view text, Tone tone = Tone::plain) const;

 private:
  const Screen& screen_;
};

}  // namespace homepatch::cli
