// What this program writes on: standard output, which may be a terminal of some width or a pipe. Knows whether colour
// and line drawing are welcome; commands print through it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace homepatch::cli {

// What a piece of text means, not how it looks.
enum class Tone { plain, strong, good, attention, running, bad, faint };

class Screen {
 public:
  static constexpr std::size_t kPipeWidth = 100;     // of paragraphs, where no terminal says more
  static constexpr std::size_t kTerminalWidth = 80;  // where a terminal does not know its own
  static constexpr std::size_t kNarrowest = 20;

  // Looks at standard output, LC_CTYPE, COLUMNS, NO_COLOR and TERM.
  static Screen of_this_program();

  [[nodiscard]] bool terminal() const { return terminal_; }
  // Whether TERM understands being moved on: only then lines are redrawn in place.
  [[nodiscard]] bool redraws() const { return terminal_ && !dumb_; }
  [[nodiscard]] bool utf8() const { return utf8_; }
  // Columns for paragraphs and bars, asked anew so that a resized window is noticed.
  [[nodiscard]] std::size_t width() const;
  [[nodiscard]] std::size_t height() const;
  // Columns that a table must fit, 0 for no limit: what goes into a pipe is never cut.
  [[nodiscard]] std::size_t table_width() const { return terminal_ ? width() : 0; }

  // The text in its tone's colour, or as it is.
  [[nodiscard]] std::string paint(Tone tone, std::string_view text) const;

  // Writes and flushes: progress must be seen when it happens.
  void print(std::string_view text) const;
  void line(std::string_view text) const;
  // A paragraph, wrapped to the width, each line behind `indent` blanks; line feeds part paragraphs.
  void paragraph(std::string_view text, std::size_t indent = 0) const;

 private:
  bool terminal_ = false;
  bool dumb_ = false;
  bool colour_ = false;
  bool utf8_ = false;
};

}  // namespace homepatch::cli
