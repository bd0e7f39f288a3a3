#include "base/mailbox.hpp"

#include <gtest/gtest.h>
#include <poll.h>

#include <thread>

namespace homepatch {
namespace {

bool readable(int fd) {
  pollfd p{fd, POLLIN, 0};
  return ::poll(&p, 1, 0) == 1;
}

TEST(Mailbox, TheNewestStateReplacesTheUnreadOne) {
  Mailbox<std::string> box(100);
  EXPECT_TRUE(box.put("online", 6, "lamp"));
  EXPECT_TRUE(box.put("other", 5, "plug"));
  EXPECT_TRUE(box.put("offline", 7, "lamp"));
  const auto letters = box.take(10);
  EXPECT_EQ(letters, (std::list<std::string>{"other", "offline"}));
  EXPECT_FALSE(readable(box.fd()));
}

TEST(Mailbox, WhenItIsFullStatesAreCountedAndDroppedButResultsStillArrive) {
  Mailbox<int> box(100);
  EXPECT_TRUE(box.put(1, 100, "a"));
  EXPECT_FALSE(box.put(2, 1, "b"));
  EXPECT_TRUE(box.put(3, 25, std::nullopt));
  EXPECT_FALSE(box.put(4, 25, std::nullopt));
  EXPECT_EQ(box.dropped(), 2U);
  EXPECT_EQ(box.take(10), (std::list<int>{1, 3}));
  EXPECT_EQ(box.bytes(), 0U);
}

TEST(Mailbox, StaysReadableWhileLettersWait) {
  Mailbox<int> box(100);
  box.put(1, 1, std::nullopt);
  box.put(2, 1, std::nullopt);
  EXPECT_EQ(box.take(1).size(), 1U);
  EXPECT_TRUE(readable(box.fd()));
  EXPECT_EQ(box.take(1).size(), 1U);
  EXPECT_FALSE(readable(box.fd()));
}

TEST(Mailbox, WhileItIsHeldLettersComeInAndNoneIsTaken) {
  Mailbox<int> box(100);
  box.put(1, 1, std::nullopt);
  box.hold();
  EXPECT_FALSE(readable(box.fd()));
  EXPECT_TRUE(box.put(2, 1, std::nullopt));
  EXPECT_FALSE(readable(box.fd()));
  EXPECT_TRUE(box.take(10).empty());
  box.release();
  EXPECT_TRUE(readable(box.fd()));
  EXPECT_EQ(box.take(10), (std::list<int>{1, 2}));
  EXPECT_FALSE(readable(box.fd()));
  box.hold();
  box.release();
  EXPECT_FALSE(readable(box.fd()));
}

TEST(Mailbox, TakesLettersFromAnotherThread) {
  Mailbox<int> box(1'000'000);
  constexpr int kLetters = 20'000;
  std::thread writer([&] {
    for (int i = 0; i < kLetters; ++i) box.put(i, 1, std::nullopt);
  });
  int expected = 0;
  while (expected < kLetters) {
    pollfd p{box.fd(), POLLIN, 0};
    ASSERT_EQ(::poll(&p, 1, 10'000), 1);
    for (const int letter : box.take(64)) EXPECT_EQ(letter, expected++);
  }
  writer.join();
}

}  // namespace
}  // namespace homepatch
