// What a person sees after a program wrote to a terminal: the lines on it. Understands exactly what homepatchctl may
// send (text, line ends, colours, cursor up, erase below) and counts everything else as foreign.
#pragma once

#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>
#include <vector>

namespace homepatch::cli {

class TinyTerminal {
 public:
  explicit TinyTerminal(std::string_view written) { feed(written); }

  // From the top; the last is the one with the cursor.
  std::vector<std::string> lines{""};
  std::size_t foreign = 0;   // control bytes and sequences that it does not know
  std::size_t coloured = 0;  // colour sequences
  std::size_t climbs = 0;    // cursor up

 private:
  void feed(std::string_view text) {
    while (!text.empty()) {
      if (text.starts_with("\x1b[")) {
        text.remove_prefix(sequence(text));
        continue;
      }
      const char c = text[0];
      if (c == '\n') {
        if (++row_ == lines.size()) lines.emplace_back();
      } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
        if (c != '\r') ++foreign;
      } else {
        lines[row_] += c;
      }
      text.remove_prefix(1);
    }
  }

  std::size_t sequence(std::string_view text) {
    std::size_t end = 2;
    std::size_t number = 0;
    while (end < text.size() && std::isdigit(static_cast<unsigned char>(text[end])) != 0) {
      number = number * 10 + static_cast<std::size_t>(text[end++] - '0');
    }
    const char what = end < text.size() ? text[end] : '\0';
    if (what == 'm') {
      ++coloured;
    } else if (what == 'F') {
      ++climbs;
      row_ -= std::min(row_, number);
    } else if (what == 'J') {
      lines.resize(row_ + 1);
      lines[row_].clear();
    } else {
      ++foreign;
    }
    return std::min(end + 1, text.size());
  }

  std::size_t row_ = 0;
};

}  // namespace homepatch::cli
