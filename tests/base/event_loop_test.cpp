#include "base/event_loop.hpp"

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <vector>

namespace homepatch {
namespace {

using std::chrono::milliseconds;

class EventLoopTest : public ::testing::Test {
 protected:
  std::unique_ptr<EventLoop> loop = EventLoop::open().value();
};

TEST_F(EventLoopTest, ATimerFiresOnALaterTurn) {
  bool fired = false;
  const auto timer = loop->after(milliseconds(0), [&] { fired = true; });
  EXPECT_FALSE(fired);
  EXPECT_TRUE(loop->run_until([&] { return fired; }, milliseconds(5000)));
}

TEST_F(EventLoopTest, DestroyingATimerCancelsIt) {
  bool cancelled_fired = false;
  bool other_fired = false;
  auto cancelled = loop->after(milliseconds(0), [&] { cancelled_fired = true; });
  const auto other = loop->after(milliseconds(5), [&] { other_fired = true; });
  cancelled.cancel();
  EXPECT_TRUE(loop->run_until([&] { return other_fired; }, milliseconds(5000)));
  EXPECT_FALSE(cancelled_fired);
}

TEST_F(EventLoopTest, ATimerMayDestroyItself) {
  Timer timer;
  bool fired = false;
  timer = loop->after(milliseconds(0), [&] {
    timer.cancel();
    fired = true;
  });
  EXPECT_TRUE(loop->run_until([&] { return fired; }, milliseconds(5000)));
}

TEST_F(EventLoopTest, TimersFireByTheirTimeAndThenByTheirAge) {
  std::vector<int> fired;
  const auto late = loop->after(milliseconds(30), [&] { fired.push_back(4); });
  const auto first = loop->after(milliseconds(0), [&] { fired.push_back(1); });
  const auto soon = loop->after(milliseconds(10), [&] { fired.push_back(3); });
  const auto second = loop->after(milliseconds(0), [&] { fired.push_back(2); });
  EXPECT_TRUE(loop->run_until([&] { return fired.size() == 4; }, milliseconds(5000)));
  EXPECT_EQ(fired, (std::vector<int>{1, 2, 3, 4}));
}

TEST_F(EventLoopTest, ATimerMadeByATimerWaitsForTheNextTurnAndStarvesNobody) {
  Timer chain;
  int turns = 0;
  std::function<void()> again = [&] {
    ++turns;
    chain = loop->after(milliseconds(0), again);
  };
  chain = loop->after(milliseconds(0), again);
  bool other = false;
  const auto timer = loop->after(milliseconds(20), [&] { other = true; });
  EXPECT_TRUE(loop->run_until([&] { return other; }, milliseconds(5000)));
  EXPECT_GT(turns, 1);
}

TEST_F(EventLoopTest, ATimerMayOutliveItsLoop) {
  auto timer = loop->after(milliseconds(0), [] {});
  loop.reset();
  timer.cancel();
}

TEST_F(EventLoopTest, AWatchTellsOfReadableBytesAndMayCancelItself) {
  std::array<int, 2> pipe_fds{};
  ASSERT_EQ(::pipe(pipe_fds.data()), 0);
  int calls = 0;
  Watch watch;
  watch = loop->watch(pipe_fds[0], EPOLLIN,
                      [&](std::uint32_t) {
                        ++calls;
                        watch.cancel();
                      })
              .value();
  ASSERT_EQ(::write(pipe_fds[1], "x", 1), 1);
  EXPECT_TRUE(loop->run_until([&] { return calls > 0; }, milliseconds(5000)));
  EXPECT_FALSE(loop->run_until([&] { return calls > 1; }, milliseconds(20)));
  ::close(pipe_fds[0]);
  ::close(pipe_fds[1]);
}

TEST_F(EventLoopTest, TheHookRunsBeforeEachWait) {
  int runs = 0;
  const auto hook = loop->before_wait([&] { ++runs; }).value();
  bool first = false;
  bool second = false;
  const auto one = loop->after(milliseconds(1), [&] { first = true; });
  EXPECT_TRUE(loop->run_until([&] { return first; }, milliseconds(5000)));
  const int before = runs;
  const auto two = loop->after(milliseconds(1), [&] { second = true; });
  EXPECT_TRUE(loop->run_until([&] { return second; }, milliseconds(5000)));
  EXPECT_GT(runs, before);
}

}  // namespace
}  // namespace homepatch
