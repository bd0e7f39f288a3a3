// How wide a text is on a screen, and how it is made to fit: UTF-8 aware, in terminal columns. Table, paragraphs and
// progress bars are laid out with these. The texts must be printable (base/text.hpp) already.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace homepatch::cli {

// Columns that the text takes: two for wide characters, none for combining ones.
std::size_t display_width(std::string_view text);

// The text cut to at most `columns`, on a character's edge, its last column the mark "…" if anything was cut ("~" where
// `utf8` is false).
std::string cut_to_width(std::string_view text, std::size_t columns, bool utf8 = true);

// The text with blanks behind (or, `right`, before) it up to `columns`; longer texts stay.
std::string pad_to_width(std::string_view text, std::size_t columns, bool right = false);

// Lines of at most `columns`, broken at blanks; a longer word stands alone and whole, for it may have to be copied.
std::vector<std::string> wrap(std::string_view text, std::size_t columns);

}  // namespace homepatch::cli
