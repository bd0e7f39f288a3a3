// Reads what the cache holds once in a while, an image after the other and slowly, so that flash that forgets is
// noticed before a device needs the image. What went bad is thrown out by storage/artifact_opening, and fetched anew by
// whoever needs it. Writes nothing where all is well: each run begins its first round at an image chosen by chance, so
// that every image has its turn on gateways that are switched off each night, too.
#pragma once

#include <deque>
#include <optional>

#include "base/loop.hpp"
#include "core/digest.hpp"
#include "storage/artifact_cache.hpp"
#include "storage/artifact_opening.hpp"

namespace homepatch {

class Caretaker {
 public:
  static constexpr Duration kRound = std::chrono::days(7);         // in which each image is read once
  static constexpr Duration kFirst = std::chrono::minutes(10);     // after the start
  static constexpr Duration kBetween = std::chrono::seconds(1);    // two pieces of an image
  static constexpr Duration kShortest = std::chrono::minutes(10);  // between two images, however many there are
  static constexpr std::uint64_t kPiece = 256UL << 10;             // bytes

  Caretaker(Loop& loop, ArtifactCache& cache) : loop_(loop), cache_(cache) {}

  void start();

  // Images that were read whole and found right, since the start.
  [[nodiscard]] std::uint64_t checked() const { return checked_; }

 private:
  void gather();
  void begin_next();
  void read_piece();
  void wait();

  Loop& loop_;
  ArtifactCache& cache_;
  std::deque<Digest> round_;
  std::size_t images_ = 0;  // of the round
  std::optional<ArtifactOpening> opening_;
  std::uint64_t checked_ = 0;
  Timer next_;
};

}  // namespace homepatch
