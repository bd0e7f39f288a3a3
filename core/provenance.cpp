#include "core/provenance.hpp"

#include <algorithm>
#include <array>

namespace homepatch {

namespace {

constexpr std::array kAll{Provenance::signed_feed, Provenance::signed_bundle, Provenance::operator_,
                          Provenance::hash_only, Provenance::local_admin};

}  // namespace

std::string_view to_string(Provenance provenance) {
  switch (provenance) {
    case Provenance::signed_feed: return "signed_feed";
    case Provenance::signed_bundle: return "signed_bundle";
    case Provenance::operator_: return "operator";
    case Provenance::hash_only: return "hash_only";
    case Provenance::local_admin: return "local_admin";
  }
  return "local_admin";
}

std::optional<Provenance> provenance_from(std::string_view text) {
  const auto found = std::ranges::find(kAll, text, [](Provenance provenance) { return to_string(provenance); });
  if (found == kAll.end()) return std::nullopt;
  return *found;
}

std::span<const Provenance> all_provenances() { return kAll; }

std::string_view sentence(Provenance provenance) {
  switch (provenance) {
    case Provenance::signed_feed: return "Its publisher signed it, and the signature was current when it was fetched.";
    case Provenance::signed_bundle:
      return "Its publisher signed it, and the signature was current when the bundle was imported.";
    case Provenance::operator_: return "Your provider's server sent it over a secured connection.";
    case Provenance::hash_only: return "Nobody signed it; it is what an index on the internet describes.";
    case Provenance::local_admin: return "An administrator brought the file; nothing else vouches for it.";
  }
  return "";
}

bool may_be_automatic(Provenance provenance, bool operator_opted_in) {
  switch (provenance) {
    case Provenance::signed_feed: return true;
    case Provenance::operator_: return operator_opted_in;
    case Provenance::signed_bundle:
    case Provenance::hash_only:
    case Provenance::local_admin: return false;
  }
  return false;
}

}  // namespace homepatch
