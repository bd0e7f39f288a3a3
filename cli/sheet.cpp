#include "cli/sheet.hpp"

#include <string>

#include "cli/layout.hpp"

namespace homepatch::cli {

void Sheet::row(std::string_view label, std::string_view text, Tone tone) const {
  const std::size_t room = screen_.width() > kLabel + 20 ? screen_.width() - kLabel : 20;
  std::string left = pad_to_width(label, kLabel);
  for (const std::string& piece : wrap(text, room)) {
    screen_.line(left + screen_.paint(tone, piece));
    left = std::string(kLabel, ' ');
  }
}

}  // namespace homepatch::cli
