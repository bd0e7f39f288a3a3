#include "daemon/bus/membership.hpp"

#include <grp.h>
#include <gtest/gtest.h>
#include <pwd.h>

namespace homepatch::bus {
namespace {

constexpr uid_t kNobodyAtAll = 4'294'000'000U;

TEST(Membership, RootIsInItsOwnGroupAndNobodyIsNot) {
  EXPECT_TRUE(is_member(0, "root"));
  const passwd* const nobody = ::getpwnam("nobody");
  ASSERT_NE(nobody, nullptr);
  EXPECT_FALSE(is_member(nobody->pw_uid, "root"));
}

TEST(Membership, WhatDoesNotExistIsNoMemberOfAnything) {
  EXPECT_FALSE(is_member(0, "no-such-group-here"));
  EXPECT_FALSE(is_member(kNobodyAtAll, "root"));
  EXPECT_FALSE(is_member(0, ""));
}

// Every group of the system that lists somebody: the database is believed, not only a user's first group.
TEST(Membership, FurtherGroupsCount) {
  ::setgrent();
  while (const struct group* const entry = ::getgrent()) {
    if (entry->gr_mem == nullptr || *entry->gr_mem == nullptr) continue;
    const std::string name = entry->gr_name;
    const passwd* const member = ::getpwnam(*entry->gr_mem);
    if (member == nullptr) continue;
    ::endgrent();
    EXPECT_TRUE(is_member(member->pw_uid, name)) << name;
    return;
  }
  ::endgrent();
  GTEST_SKIP() << "no group of this system has members";
}

}  // namespace
}  // namespace homepatch::bus
