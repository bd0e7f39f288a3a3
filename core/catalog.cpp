#include "core/catalog.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace homepatch {

namespace {

template <typename Word, std::size_t N>
using Words = std::array<std::pair<Word, std::string_view>, N>;

constexpr Words<ReleaseKind, 3> kKinds{{
    {ReleaseKind::security, "security"},
    {ReleaseKind::feature, "feature"},
    {ReleaseKind::mixed, "mixed"},
}};

constexpr Words<Severity, 5> kSeverities{{
    {Severity::none, "none"},
    {Severity::low, "low"},
    {Severity::medium, "medium"},
    {Severity::high, "high"},
    {Severity::critical, "critical"},
}};

template <typename Word, std::size_t N>
std::string_view spelling(const Words<Word, N>& words, Word word) {
  for (const auto& [value, text] : words) {
    if (value == word) return text;
  }
  return words.front().second;
}

template <typename Word, std::size_t N>
std::optional<Word> meaning(const Words<Word, N>& words, std::string_view wanted) {
  for (const auto& [value, text] : words) {
    if (text == wanted) return value;
  }
  return std::nullopt;
}

template <typename Member>
const Release* find(const std::vector<Release>& releases, Member member, std::string_view wanted) {
  const auto found =
      std::find_if(releases.begin(), releases.end(), [&](const Release& release) { return release.*member == wanted; });
  return found == releases.end() ? nullptr : &*found;
}

}  // namespace

std::string_view to_string(ReleaseKind kind) { return spelling(kKinds, kind); }
std::optional<ReleaseKind> release_kind_from(std::string_view text) { return meaning(kKinds, text); }

std::string_view to_string(Severity severity) { return spelling(kSeverities, severity); }
std::optional<Severity> severity_from(std::string_view text) { return meaning(kSeverities, text); }

std::string_view Catalog::verified_by() const {
  return device_verifies == "signature" || device_verifies == "hash" ? "gateway and device" : "gateway";
}

const Release* Catalog::by_version(std::string_view version) const {
  return find(releases, &Release::version, version);
}

const Release* Catalog::by_id(std::string_view id) const { return find(releases, &Release::id, id); }

}  // namespace homepatch
