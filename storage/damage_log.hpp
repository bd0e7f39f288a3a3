// Which cached images went bad on the flash, how often and when last: what an owner has to know of a gateway whose
// flash begins to forget. The artifact cache tells it when it throws an image out; `homepatchctl cache` shows it. A few
// rows, the oldest leave.
#pragma once

#include <cstdint>
#include <vector>

#include "core/digest.hpp"
#include "core/time.hpp"
#include "storage/database.hpp"

namespace homepatch {

struct Damage {
  Digest sha256;  // that its bytes had
  std::uint64_t length = 0;
  std::uint64_t times = 0;
  Time last{};

  friend bool operator==(const Damage&, const Damage&) = default;
};

class DamageLog {
 public:
  static constexpr std::size_t kMaxKept = 16;

  explicit DamageLog(Database& database) : database_(database) {}

  Status load();
  // Known in this run even where it cannot be written.
  Status add(const Digest& digest, std::uint64_t length, Time now);

  // The newest first.
  [[nodiscard]] const std::vector<Damage>& list() const { return list_; }

 private:
  Status write(const Damage& damage);

  Database& database_;
  std::vector<Damage> list_;
};

}  // namespace homepatch
