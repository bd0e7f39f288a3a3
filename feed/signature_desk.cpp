#include "feed/signature_desk.hpp"

#include <fmt/format.h>

#include "feed/public_key.hpp"
#include "trust/tuf/detached_signature.hpp"
#include "trust/tuf/time_text.hpp"

namespace homepatch::feed {

Result<SignedFile> awaiting(const Workshop& workshop, std::string_view role) {
  auto file = TRY(pending(workshop, role));
  if (file) return *std::move(file);
  const auto maker = role == tuf::kRoot ? std::string("homepatch-feed rotate root --prepare makes the next one")
                                        : fmt::format("homepatch-feed prepare {} makes it", role);
  return fail(Errc::not_found, fmt::format("nothing of the role {} awaits a signature: {}", role, maker));
}

Status add_signature(const Workshop& workshop, std::string_view role, const nlohmann::json& key,
                     std::string_view signature) {
  const auto file = TRY(awaiting(workshop, role));
  const auto message = TRY(tuf::signed_bytes(file.bytes));
  const auto read = tuf::read_detached_signature(key, message, signature);
  if (!read) {
    return fail(read.error().code,
                fmt::format("the signature was not taken: {}. The key is {}, the bytes are those that the last prepare "
                            "of {} wrote (version {}, valid until {})",
                            read.error().text, brief(key), role, file.version, tuf::time_text(file.expires)));
  }
  const auto bytes = TRY(tuf::attach_signature(file.bytes, key, *read));
  return keep_pending(workshop, role, bytes);
}

Status say_progress(const Workshop& workshop, std::string_view role, Time now, std::string_view folder) {
  const auto file = TRY(awaiting(workshop, role));
  const auto holders = TRY(holders_for(workshop, role, file));
  const auto counts = TRY(count_signatures(file, holders));
  fmt::print("{} version {} has\n{}", role, file.version, describe(counts, "  "));
  if (!enough(counts)) {
    fmt::print("Have it signed with the others too: homepatch-feed prepare {} --feed {} writes it out again.\n", role,
               folder);
    return {};
  }
  if (role != tuf::kRoot) {
    fmt::print("That is enough. Next: homepatch-feed publish --feed {} DIR, before anything else is added.\n", folder);
    return {};
  }
  TRY(settle_root(workshop, now));
  fmt::print(
      "That is enough: root {} is the feed's root now, valid until {}. Homes follow after: "
      "homepatch-feed publish --feed {} DIR\n",
      file.version, tuf::time_text(file.expires), folder);
  return {};
}

}  // namespace homepatch::feed
