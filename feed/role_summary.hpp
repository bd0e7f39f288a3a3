// What a prepared file says and who must sign it, in words, for the person who carries it to a key: written beside the
// bytes that are to be signed.
#pragma once

#include <string>
#include <vector>

#include "feed/pending.hpp"

namespace homepatch::feed {

struct RoleSummary {
  std::string feed;  // its name
  std::string role;
  SignedFile file;
  std::string bytes;       // what is to be signed
  std::string bytes_file;  // where they were written
  std::string changes;     // what homes will see of it; may be empty
  std::vector<SignatureCount> counts;
};

// What the file says, without who must sign it and how; of `summary` it reads feed, role, file and changes.
std::string content_text(const RoleSummary& summary);
std::string summary_text(const RoleSummary& summary);

}  // namespace homepatch::feed
