#include "daemon/fetch/caretaker.hpp"

#include <algorithm>
#include <random>

#include "base/log.hpp"

namespace homepatch {

void Caretaker::start() {
  next_ = loop_.after(kFirst, [this] { begin_next(); });
}

void Caretaker::gather() {
  const bool first = images_ == 0;
  for (const auto& [digest, artifact] : cache_.artifacts()) round_.push_back(digest);
  images_ = round_.size();
  if (!first || round_.empty()) return;
  std::random_device chance;
  const auto begin = static_cast<std::ptrdiff_t>(std::uniform_int_distribution<std::size_t>(0, images_ - 1)(chance));
  std::rotate(round_.begin(), round_.begin() + begin, round_.end());
}

void Caretaker::begin_next() {
  if (round_.empty()) gather();
  if (round_.empty()) return wait();
  const Digest digest = round_.front();
  round_.pop_front();
  auto opening = ArtifactOpening::begin(cache_, digest);
  if (!opening) {
    if (opening.error().code != Errc::not_found) log::warning("looking after the cache: {}", opening.error().text);
    return wait();
  }
  opening_.emplace(std::move(*opening));
  read_piece();
}

void Caretaker::read_piece() {
  const auto forgot = opening_->forget_cached();
  const auto whole = forgot ? opening_->step(kPiece) : Result<bool>(fail(forgot.error()));
  opening_->pause();
  if (whole && !*whole) {
    next_ = loop_.after(kBetween, [this] { read_piece(); });
    return;
  }
  if (whole) {
    ++checked_;
  } else if (whole.error().code != Errc::not_found) {
    log::warning("looking after the cache: {}", whole.error().text);
  }
  opening_.reset();
  wait();
}

void Caretaker::wait() {
  const Duration share = kRound / static_cast<Duration::rep>(std::max<std::size_t>(images_, 1));
  next_ = loop_.after(std::max(share, kShortest), [this] { begin_next(); });
}

}  // namespace homepatch
