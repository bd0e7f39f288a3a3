#include "daemon/bus/membership.hpp"

#include <grp.h>
#include <pwd.h>

#include <algorithm>
#include <vector>

namespace homepatch::bus {

namespace {

constexpr int kMaxGroups = 256;  // of one user

}  // namespace

bool is_member(uid_t user, const std::string& group) {
  const struct group* const found = ::getgrnam(group.c_str());
  if (found == nullptr) return false;
  const gid_t wanted = found->gr_gid;
  const passwd* const entry = ::getpwuid(user);
  if (entry == nullptr) return false;
  std::vector<gid_t> groups(kMaxGroups);
  int count = kMaxGroups;
  if (::getgrouplist(entry->pw_name, entry->pw_gid, groups.data(), &count) < 0) count = kMaxGroups;
  return std::find(groups.begin(), groups.begin() + count, wanted) != groups.begin() + count;
}

}  // namespace homepatch::bus
