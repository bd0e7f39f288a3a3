#include "core/release_path.hpp"

#include <algorithm>
#include <deque>
#include <map>

namespace homepatch {

namespace {

constexpr std::string_view kRunning = "app";

bool may_follow(const Release& release, std::int64_t from_seq, std::string_view hardware) {
  if (release.seq <= from_seq) return false;
  if (release.required.from_seq_min && from_seq < *release.required.from_seq_min) return false;
  if (release.required.from_seq_max && from_seq > *release.required.from_seq_max) return false;
  return !images_for(release, hardware).empty();
}

const Image* best(const Release& release, std::string_view component, std::string_view hardware) {
  const Image* found = nullptr;
  for (const auto& image : release.images) {
    if (image.component != component || !fits_hardware(image, hardware)) continue;
    const bool exact = std::ranges::find(image.hw, hardware) != image.hw.end();
    if (found == nullptr || exact) found = &image;
    if (exact) break;
  }
  return found;
}

}  // namespace

bool fits_hardware(const Image& image, std::string_view hardware) {
  return std::ranges::any_of(
      image.hw, [&](const std::string& hw) { return hw == kAnyHardware || (!hardware.empty() && hw == hardware); });
}

std::vector<const Image*> images_for(const Release& release, std::string_view hardware) {
  const Image* running = best(release, kRunning, hardware);
  if (running == nullptr) return {};
  std::vector<const Image*> images{running};
  for (const auto& image : release.images) {
    if (image.component == kRunning) continue;
    const bool taken = std::ranges::any_of(images, [&](const Image* i) { return i->component == image.component; });
    if (const Image* helper = best(release, image.component, hardware); helper != nullptr && !taken) {
      images.push_back(helper);
    }
  }
  return images;
}

std::vector<const Release*> release_path(const Catalog& catalog, std::int64_t from_seq, std::string_view hardware,
                                         std::int64_t lowest) {
  // Breadth first from the installed release; among steps of equal number the higher seq is tried first.
  std::map<std::int64_t, const Release*> reached_from;  // seq -> the release before it on the way (null: the start)
  std::map<std::int64_t, const Release*> releases;
  for (const auto& release : catalog.releases) {
    if (release.seq >= lowest) releases[release.seq] = &release;
  }
  std::deque<std::int64_t> queue{from_seq};
  while (!queue.empty()) {
    const std::int64_t here = queue.front();
    queue.pop_front();
    for (auto it = releases.rbegin(); it != releases.rend() && it->first > here; ++it) {
      if (reached_from.contains(it->first) || !may_follow(*it->second, here, hardware)) continue;
      reached_from[it->first] = here == from_seq ? nullptr : releases[here];
      queue.push_back(it->first);
    }
  }
  std::vector<const Release*> path;
  if (reached_from.empty()) return path;
  for (const Release* at = releases[reached_from.rbegin()->first]; at != nullptr; at = reached_from[at->seq]) {
    path.push_back(at);
  }
  std::ranges::reverse(path);
  return path;
}

}  // namespace homepatch
