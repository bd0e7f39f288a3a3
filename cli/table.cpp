#include "cli/table.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "cli/layout.hpp"

namespace homepatch::cli {

namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kNarrowest = 1;

}  // namespace

void Table::add(std::vector<Cell> row) {
  for (Cell& cell : row) cell.text = printable(cell.text);
  rows_.push_back(std::move(row));
}

std::vector<Table::Fitted> Table::fit(std::size_t limit) const {
  std::vector<Fitted> fitted;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t width = display_width(columns_[i].title);
    for (const auto& row : rows_) width = std::max(width, display_width(row[i].text));
    fitted.push_back({i, width, columns_[i].least == 0 ? width : std::min(width, columns_[i].least)});
  }
  if (limit == 0) return fitted;

  const auto sum = [&](std::size_t Fitted::*part) {
    std::size_t total = (fitted.size() - 1) * kGap;
    for (const Fitted& f : fitted) total += f.*part;
    return total;
  };
  const auto worth = [&](const Fitted& f) { return columns_[f.column].worth; };
  while (sum(&Fitted::least) > limit) {
    const auto poorest = std::ranges::min_element(fitted, {}, worth);
    if (worth(*poorest) == Column::kAlways) break;
    fitted.erase(poorest);
  }
  for (std::size_t total = sum(&Fitted::width); total > limit; --total) {
    const auto slack = [](const Fitted& f) { return f.width > f.least ? f.width : 0; };
    auto widest = std::ranges::max_element(fitted, {}, slack);
    // The last resort: a cell that is cut short says more than a line that breaks in the middle.
    if (slack(*widest) == 0) widest = std::ranges::max_element(fitted, {}, &Fitted::width);
    if (widest->width <= kNarrowest) break;
    --widest->width;
  }
  return fitted;
}

std::string Table::render_row(const std::vector<Cell>& row, const std::vector<Fitted>& fitted,
                              const Screen& screen) const {
  std::string line;
  for (const Fitted& f : fitted) {
    const bool last = &f == &fitted.back();
    const bool right = columns_[f.column].right;
    const std::string shown = cut_to_width(row[f.column].text, f.width, screen.utf8());
    // Padding stays outside the paint, and nothing trails the last column.
    const std::string blanks(f.width - std::min(f.width, display_width(shown)), ' ');
    if (right) line += blanks;
    line += screen.paint(row[f.column].tone, shown);
    if (!right && !last) line += blanks;
    if (!last) line += std::string(kGap, ' ');
  }
  line.erase(line.find_last_not_of(' ') + 1);  // of a last cell that is empty
  return line + "\n";
}

std::string Table::render(const Screen& screen) const {
  const auto fitted = fit(screen.table_width());
  std::vector<Cell> head;
  for (const Column& column : columns_) head.emplace_back(column.title, Tone::strong);
  std::string out = render_row(head, fitted, screen);
  for (const auto& row : rows_) out += render_row(row, fitted, screen);
  return out;
}

}  // namespace homepatch::cli
