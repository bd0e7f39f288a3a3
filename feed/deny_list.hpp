// The images that this feed takes back (_feed/deny.json), as the publisher keeps them in deny.json of the work folder.
#pragma once

#include <map>
#include <string>

#include "core/digest.hpp"
#include "feed/workshop.hpp"

namespace homepatch::feed {

using DenyList = std::map<Digest, std::string>;  // with the reason, for people

// Empty when nothing was ever taken back.
Result<DenyList> load_deny_list(const Workshop& workshop);
Status save_deny_list(const Workshop& workshop, const DenyList& list);

// The file as homes read it.
std::string deny_file(const DenyList& list);

}  // namespace homepatch::feed
