// Where signatures meet what awaits them: `attach` brings one that was made elsewhere, `sign` makes one with a key that
// lies in keys/. Nothing is put in that does not verify with a key which holds the role.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "core/time.hpp"
#include "feed/pending.hpp"

namespace homepatch::feed {

// The pending file of the role. not_found, with what to do, when nothing of it awaits a signature.
Result<SignedFile> awaiting(const Workshop& workshop, std::string_view role);

// Puts the signature in. Refuses one that is not the key's over the prepared bytes.
[[nodiscard]] Status add_signature(const Workshop& workshop, std::string_view role, const nlohmann::json& key,
                                   std::string_view signature);

// Says on standard output how many signatures are there and what comes next; a root that is complete becomes the feed's
// newest. `folder` is the work folder as it was given on the command line.
[[nodiscard]] Status say_progress(const Workshop& workshop, std::string_view role, Time now, std::string_view folder);

}  // namespace homepatch::feed
