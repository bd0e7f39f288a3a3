// For tests that compare a manual page with what the program says of itself.
#pragma once

#include <fstream>
#include <sstream>
#include <string>

namespace homepatch::test {

// Empty when there is no such file.
inline std::string read_text(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// A hyphen that must stay one is written \- in roff.
inline std::string roff(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == '-' ? std::string("\\-") : std::string(1, c);
  return out;
}

}  // namespace homepatch::test
