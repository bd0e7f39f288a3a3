// A table for people: columns aligned by display width, fitted to the terminal by cutting long cells and, where that is
// not enough, by leaving out the columns that matter least. Cells may hold foreign text: control characters are
// replaced here.
#pragma once

#include <string>
#include <vector>

#include "cli/screen.hpp"

namespace homepatch::cli {

struct Column {
  static constexpr int kAlways = 1000;

  std::string title;
  std::size_t least = 0;  // columns below which it is cut last of all; 0: its whole width
  int worth = kAlways;    // the lowest is left out first
  bool right = false;     // figures
};

struct Cell {
  Cell(std::string shown, Tone in = Tone::plain) : text(std::move(shown)), tone(in) {}  // NOLINT: reads as text

  std::string text;
  Tone tone;
};

class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // As many cells as there are columns.
  void add(std::vector<Cell> row);
  [[nodiscard]] bool empty() const { return rows_.empty(); }

  // All lines, each ended; nothing is cut when the screen sets no limit.
  [[nodiscard]] std::string render(const Screen& screen) const;

 private:
  struct Fitted {
    std::size_t column;
    std::size_t width;
    std::size_t least;
  };
  [[nodiscard]] std::vector<Fitted> fit(std::size_t limit) const;
  [[nodiscard]] std::string render_row(const std::vector<Cell>& row, const std::vector<Fitted>& fitted,
                                       const Screen& screen) const;

  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace homepatch::cli
