// A map that forgets: entries older than a span, and the oldest beyond a number. Pure; for what was answered lately.
#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <utility>

namespace homepatch::coap {

template <typename Key, typename Value>
class RecentMap {
 public:
  RecentMap(std::size_t most, std::chrono::milliseconds span) : most_(most), span_(span) {}

  void put(const Key& key, Value value, std::chrono::milliseconds now) {
    entries_.insert_or_assign(key, Entry{std::move(value), now});
    order_.emplace_back(key, now);
    forget_old(now);
  }

  // Null when there is none or it is too old.
  const Value* find(const Key& key, std::chrono::milliseconds now) const {
    const auto found = entries_.find(key);
    if (found == entries_.end() || now - found->second.at > span_) return nullptr;
    return &found->second.value;
  }

  void erase(const Key& key) { entries_.erase(key); }

  template <typename Predicate>
  void erase_if(Predicate wanted) {
    std::erase_if(entries_, [&wanted](const auto& entry) { return wanted(entry.first); });
  }

 private:
  struct Entry {
    Value value;
    std::chrono::milliseconds at;
  };

  void forget_old(std::chrono::milliseconds now) {
    while (!order_.empty() && (order_.size() > most_ || now - order_.front().second > span_)) {
      const auto& [key, at] = order_.front();
      // An entry that was put again later has a later place in the order too.
      if (const auto found = entries_.find(key); found != entries_.end() && found->second.at == at)
        entries_.erase(found);
      order_.pop_front();
    }
  }

  std::size_t most_;
  std::chrono::milliseconds span_;
  std::map<Key, Entry> entries_;
  std::deque<std::pair<Key, std::chrono::milliseconds>> order_;
};

}  // namespace homepatch::coap
