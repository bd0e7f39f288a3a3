#include "daemon/fetch/root_file.hpp"

#include <algorithm>

#include "base/file.hpp"
#include "trust/tuf/trusted_set.hpp"

namespace homepatch {

namespace {

constexpr std::size_t kMaxRootFile = 512'000;

Result<tuf::TrustedSet> believed(std::string_view root) { return tuf::TrustedSet::open(root, {}, {}); }

}  // namespace

Result<std::string> read_root_file(const std::filesystem::path& file) {
  auto bytes = TRY(read_file(file, kMaxRootFile));
  if (auto proven = believed(bytes); !proven) {
    return fail(proven.error().code, file.string() + " is no root file of a feed (" + proven.error().text +
                                         "); take the one that the feed's publisher gives out, N.root.json");
  }
  return bytes;
}

bool may_be_one_root(std::string_view one, std::string_view other) {
  if (one == other) return true;
  auto first = believed(one);
  auto second = believed(other);
  if (!first || !second) return false;
  const auto& keys = second->root().root.keys;
  const auto shared = [&](const auto& entry) { return keys.contains(entry.first); };
  return std::ranges::any_of(first->root().root.keys, shared) || first->update_root(other) || second->update_root(one);
}

}  // namespace homepatch
