#include "base/error.hpp"

#include <gtest/gtest.h>

#include <cerrno>

#include "base/result.hpp"

namespace homepatch {
namespace {

Result<int> half(int value) {
  if (value % 2 != 0) return fail(Errc::invalid_argument, "odd");
  return value / 2;
}

Result<int> quarter(int value) {
  const int first = TRY(half(value));
  return TRY_IN("halving again", half(first));
}

TEST(Result, TryPassesValuesAndReturnsErrorsWithTheirPlace) {
  EXPECT_EQ(quarter(8).value(), 2);
  const auto odd = quarter(6);
  ASSERT_FALSE(odd);
  EXPECT_EQ(odd.error().code, Errc::invalid_argument);
  EXPECT_EQ(odd.error().text, "halving again: odd");
}

TEST(Error, ExitStatusesAreThoseOfTheManual) {
  EXPECT_EQ(exit_status(Errc::not_found), 3);
  EXPECT_EQ(exit_status(Errc::not_authorised), 4);
  EXPECT_EQ(exit_status(Errc::io), 1);
}

TEST(Error, AFullDiskIsToldApartFromABrokenOne) {
  EXPECT_EQ(errno_error("x", ENOSPC).code, Errc::no_space);
  EXPECT_EQ(errno_error("x", EIO).code, Errc::io);
}

}  // namespace
}  // namespace homepatch
