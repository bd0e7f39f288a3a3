#include "sim/voice.hpp"

#include <algorithm>
#include <cstdio>

#include "base/text.hpp"

namespace homepatch::sim {

LineSink standard_output() {
  std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
  return [](std::string_view line) { fmt::print("{}\n", line); };
}

std::string in_quotes(std::string_view text) {
  auto shown = printable(text);
  std::replace(shown.begin(), shown.end(), '"', '\'');
  return '"' + shown + '"';
}

}  // namespace homepatch::sim
