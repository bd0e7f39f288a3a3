#include "sim/image/image.hpp"

namespace homepatch::sim {

namespace {

// SplitMix64 (Steele, Lea, Flood 2014): small, and the same on every machine.
std::uint64_t next(std::uint64_t& state) {
  state += 0x9E3779B97F4A7C15ULL;
  std::uint64_t z = state;
  z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31U);
}

}  // namespace

std::string noise(std::uint64_t seed, std::size_t size) {
  std::string out(size, '\0');
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < size; ++i) {
    if (i % 8 == 0) word = next(seed);
    out[i] = static_cast<char>(word >> (8U * (i % 8)));
  }
  return out;
}

std::uint64_t seed_of(std::string_view what) {
  std::uint64_t hash = 0xCBF29CE484222325ULL;  // FNV-1a
  for (const char c : what) hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100000001B3ULL;
  return hash;
}

}  // namespace homepatch::sim
