// Metadata that awaits signatures of keys which are not in this folder: metadata/pending/<role>.json, the role's file
// with the signatures that it has so far. `prepare`, `init` and `rotate` leave it there, `attach` and `sign` add to it,
// `publish` takes it once it is complete; a root goes to the feed's roots as soon as it has all that it needs.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "feed/metadata.hpp"
#include "feed/workshop.hpp"

namespace homepatch::feed {

inline constexpr std::string_view kRoleWords =
    "root, targets, snapshot or timestamp; in a delegated vendor's folder, its domain";

// Refuses what is no role of this work folder.
[[nodiscard]] Status check_role(const Workshop& workshop, std::string_view role);

Result<std::optional<SignedFile>> pending(const Workshop& workshop, std::string_view role);
[[nodiscard]] Status keep_pending(const Workshop& workshop, std::string_view role, std::string_view bytes);
// That there is none is fine.
[[nodiscard]] Status drop_pending(const Workshop& workshop, std::string_view role);

// Whose signatures the file needs: those of the role's holders as the newest root names them; of a root, both the
// holders of the root before it and its own. Each of them must reach its threshold.
Result<std::vector<RoleHolder>> holders_for(const Workshop& workshop, std::string_view role, const SignedFile& file);

// How many of the holder's keys have signed.
struct SignatureCount {
  RoleHolder holder;
  std::size_t there = 0;

  [[nodiscard]] bool enough() const { return there >= static_cast<std::size_t>(holder.threshold); }
};
Result<std::vector<SignatureCount>> count_signatures(const SignedFile& file, const std::vector<RoleHolder>& holders);
bool enough(const std::vector<SignatureCount>& counts);
// "1 of the 2 signatures that root version 1 asks for", one line for each holder, each with `indent` in front.
std::string describe(const std::vector<SignatureCount>& counts, std::string_view indent);

// The pending root becomes the feed's newest when it is signed enough. False: signatures are missing, it stays pending.
// Refuses a root that homes would not follow.
Result<bool> settle_root(const Workshop& workshop, Time now);

}  // namespace homepatch::feed
