// The form that a publisher's TOML file must have: which members exist where, and of what kind each is. A misspelled
// member is refused with its line and the members that may stand there, because a catalog would silently lack it.
#pragma once

#include <span>
#include <string_view>

#include "feed/toml_document.hpp"

namespace homepatch::feed {

enum class Kind {
  text,
  number,
  flag,
  date,   // 2031-05-31
  texts,  // ["A", "B"]
  words,  // one text (English), or a table of language tag -> text
  free,   // any table or array; the catalog's reader judges it
};

// Place with "[]" for the index of an array: "image[].file".
struct Member {
  std::string_view place;
  Kind kind;
};

Status check_form(const TomlDocument& document, std::span<const Member> members);

}  // namespace homepatch::feed
