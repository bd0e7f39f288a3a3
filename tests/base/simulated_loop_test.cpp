#include "base/simulated_loop.hpp"

#include <gtest/gtest.h>

#include <string>

namespace homepatch {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(SimulatedLoop, FiresInOrderOfTimeAndKeepsTheClockInStep) {
  SimulatedLoop loop(Loop::WallTime(hours(1)));
  std::string order;
  Loop::WallTime seen{};
  const auto late = loop.after(seconds(20), [&] { order += 'b'; });
  const auto early = loop.after(seconds(10), [&] {
    order += 'a';
    seen = loop.now();
  });
  const auto never = loop.after(hours(1), [&] { order += 'c'; });
  loop.advance(seconds(30));
  EXPECT_EQ(order, "ab");
  EXPECT_EQ(seen, Loop::WallTime(hours(1)) + seconds(10));
  EXPECT_EQ(loop.now(), Loop::WallTime(hours(1)) + seconds(30));
}

TEST(SimulatedLoop, ATimerMadeByATimerFiresInTheSameSpan) {
  SimulatedLoop loop(Loop::WallTime{});
  int count = 0;
  Timer second;
  const auto first = loop.after(seconds(1), [&] { second = loop.after(seconds(1), [&] { ++count; }); });
  loop.advance(seconds(2));
  EXPECT_EQ(count, 1);
}

TEST(SimulatedLoop, CancellingWithinATimerHolds) {
  SimulatedLoop loop(Loop::WallTime{});
  bool fired = false;
  Timer second;
  const auto first = loop.after(milliseconds(1), [&] { second.cancel(); });
  second = loop.after(milliseconds(2), [&] { fired = true; });
  loop.advance(seconds(1));
  EXPECT_FALSE(fired);
}

}  // namespace
}  // namespace homepatch
