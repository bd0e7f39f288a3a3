// Catalogs for the tests of the planner, in a few words.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/catalog.hpp"

namespace homepatch {

inline Image image(std::vector<std::string> hw, std::string component = "app", std::string target = "fw.bin") {
  Image made;
  made.component = std::move(component);
  made.hw = std::move(hw);
  made.target = std::move(target);
  made.length = 1000;
  made.format = "raw";
  return made;
}

inline Release release(std::string version, std::int64_t seq) {
  Release made;
  made.id = "r" + std::to_string(seq);
  made.version = std::move(version);
  made.seq = seq;
  made.images = {image({"any"})};
  return made;
}

inline Release from_at_least(std::int64_t seq, Release made) {
  made.required.from_seq_min = seq;
  return made;
}

inline Release from_between(std::int64_t min, std::int64_t max, Release made) {
  made.required.from_seq_min = min;
  made.required.from_seq_max = max;
  return made;
}

inline Release only_for(std::string hardware, Release made) {
  made.images = {image({std::move(hardware)})};
  return made;
}

inline Catalog catalog_of(std::vector<Release> releases) {
  Catalog made;
  made.feed = "acme";
  made.path = "acme.example/lamp/catalog.json";
  made.method = "auto";
  made.match = {Match{Family::lwm2m, {{"manufacturer", "Acme"}, {"model", "lamp"}}}};
  made.releases = std::move(releases);
  return made;
}

}  // namespace homepatch
