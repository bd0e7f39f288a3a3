// The only cross-thread class: a foreign library's thread puts letters in, the loop takes them out.
// Bounded in bytes. A letter with a key replaces an unread letter of the same key (state-like topics: only the
// newest counts); a letter without one is never replaced. When the box is full a keyed letter is refused and
// counted; an unkeyed one (a result) still finds room in a reserve of its own. A box can be held while its reader must
// not be given more; letters still come in.
#pragma once

#include <sys/eventfd.h>

#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace homepatch {

template <typename Letter>
class Mailbox {
 public:
  // Letters that must not be lost may use a quarter more than the capacity.
  static constexpr std::size_t kReserveShare = 4;

  explicit Mailbox(std::size_t capacity_bytes)
      : capacity_(capacity_bytes), event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

  // Readable when there is something to take. Watch it with EPOLLIN.
  [[nodiscard]] int fd() const { return event_.get(); }

  // From any thread. False: the box is full, the letter is dropped and counted.
  bool put(Letter letter, std::size_t bytes, const std::optional<std::string>& key) {
    const std::lock_guard lock(mutex_);
    if (key) {
      if (auto found = by_key_.find(*key); found != by_key_.end()) {
        // The newest state goes to the end of the queue: order among topics is kept as they last spoke.
        bytes_ -= found->second->bytes;
        queue_.erase(found->second);
        by_key_.erase(found);
      }
    }
    const std::size_t limit = key ? capacity_ : capacity_ + capacity_ / kReserveShare;
    if (bytes_ + bytes > limit) {
      ++dropped_;
      return false;
    }
    queue_.push_back(Entry{std::move(letter), bytes, key});
    bytes_ += bytes;
    if (key) by_key_[*key] = std::prev(queue_.end());
    if (!held_) show();
    return true;
  }

  // From the loop's thread: at most `most` letters, oldest first; none while the box is held. The descriptor stays
  // readable while more wait.
  std::list<Letter> take(std::size_t most) {
    const std::lock_guard lock(mutex_);
    std::list<Letter> out;
    while (!held_ && !queue_.empty() && out.size() < most) {
      Entry& entry = queue_.front();
      bytes_ -= entry.bytes;
      if (entry.key) by_key_.erase(*entry.key);
      out.push_back(std::move(entry.letter));
      queue_.pop_front();
    }
    if (queue_.empty()) hide();
    return out;
  }

  // From any thread. While held, nothing is taken and the descriptor is not readable.
  void hold() {
    const std::lock_guard lock(mutex_);
    held_ = true;
    hide();
  }
  void release() {
    const std::lock_guard lock(mutex_);
    held_ = false;
    if (!queue_.empty()) show();
  }

  [[nodiscard]] std::size_t bytes() const {
    const std::lock_guard lock(mutex_);
    return bytes_;
  }

  // How many letters were refused since the start.
  [[nodiscard]] std::uint64_t dropped() const {
    const std::lock_guard lock(mutex_);
    return dropped_;
  }

 private:
  struct Entry {
    Letter letter;
    std::size_t bytes;
    std::optional<std::string> key;
  };

  void show() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(event_.get(), &one, sizeof one);
  }
  void hide() const {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto got = ::read(event_.get(), &count, sizeof count);
  }

  const std::size_t capacity_;
  UniqueFd event_;
  mutable std::mutex mutex_;
  std::list<Entry> queue_;
  std::unordered_map<std::string, typename std::list<Entry>::iterator> by_key_;
  std::size_t bytes_ = 0;
  std::uint64_t dropped_ = 0;
  bool held_ = false;
};

}  // namespace homepatch
