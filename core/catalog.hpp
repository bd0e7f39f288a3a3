// The signed list of releases of one model, with the keys by which its devices are recognised. protocols/feeds reads it
// from verified bytes; the planner decides with it. Gating fields are typed; display fields are text for people only
// and never drive a decision (RFC 9124). docs/catalog.md describes the file it is read from.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/digest.hpp"
#include "core/family.hpp"
#include "core/provenance.hpp"

namespace homepatch {

// What one catalog may hold; the reader refuses more. Lengths of texts are in bytes.
inline constexpr std::size_t kMaxCatalogBytes = 2U << 20U;
inline constexpr std::size_t kMaxReleases = 512;
inline constexpr std::size_t kMaxImages = 32;     // of one release
inline constexpr std::size_t kMaxHardware = 32;   // of one model or image
inline constexpr std::size_t kMaxMatches = 64;    // of one model and family
inline constexpr std::size_t kMaxVendorId = 100;  // a domain name in lower case
inline constexpr std::size_t kMaxModelId = 64;
inline constexpr std::size_t kMaxReleaseId = 64;
inline constexpr std::size_t kMaxTargetPath = 240;
inline constexpr std::size_t kMaxMatchValue = 128;  // also versions and hardware values
inline constexpr std::size_t kMaxDependencies = 8;  // of one release
inline constexpr std::uint64_t kMaxImageLength = 256ULL << 20U;

// One way to recognise a model: exact values by key, all of which must hold (docs/catalog.md names the keys per family:
// tasmota {chip, image}; lwm2m {manufacturer, model, hw?}).
struct Match {
  Family family = Family::tasmota;
  std::map<std::string, std::string, std::less<>> keys;

  friend auto operator<=>(const Match&, const Match&) = default;
};

// "any" as a signed hardware value fits every device, and is the only one that fits a device which reports none (I2).
inline constexpr std::string_view kAnyHardware = "any";

struct Image {
  std::string component;        // "app" is what runs; others are helpers served beside it ("minimal")
  std::vector<std::string> hw;  // at least one
  std::string target;           // the TUF target path of the bytes
  std::uint64_t length = 0;
  Digest sha256;
  std::string format;  // raw, mcuboot, esp-app, ... (docs/catalog.md)

  friend bool operator==(const Image&, const Image&) = default;
};

enum class ReleaseKind { security, feature, mixed };
std::string_view to_string(ReleaseKind kind);
std::optional<ReleaseKind> release_kind_from(std::string_view text);

enum class Severity { none, low, medium, high, critical };
std::string_view to_string(Severity severity);
std::optional<Severity> severity_from(std::string_view text);

// Another model of the same maker, whose devices in this home must run at least this release first.
struct Dependency {
  std::string model_id;
  std::int64_t seq_min = 0;

  friend bool operator==(const Dependency&, const Dependency&) = default;
};

// What a device must already have for a release to fit, and the home around it.
struct Requires {
  std::optional<std::int64_t> from_seq_min;
  std::optional<std::int64_t> from_seq_max;
  std::optional<int> battery_min;  // percent; what runs on mains has it
  bool mains = false;
  std::vector<Dependency> components;

  friend bool operator==(const Requires&, const Requires&) = default;
};

using Translations = std::map<std::string, std::string, std::less<>>;  // BCP 47 language tag -> text

struct Release {
  std::string id;
  std::string version;               // the maker's text; shown and compared for equality, never ordered
  std::int64_t seq = 0;              // the order of releases
  std::int64_t min_allowed_seq = 0;  // a device is never taken below this once it runs this release
  std::string date;
  ReleaseKind kind = ReleaseKind::security;
  Severity severity = Severity::none;
  bool emergency = false;
  std::vector<std::string> cves;
  Translations summary;
  Translations user_action;
  std::string advisory_url;
  Requires required;
  std::vector<Image> images;  // may be empty: a version that was shipped but is not offered
  bool taken_back = false;    // the feed's deny list took an image out of it; set by whoever reads that list

  friend bool operator==(const Release&, const Release&) = default;
};

struct Support {
  std::string start;  // YYYY-MM-DD, may be empty
  std::string end;    // YYYY-MM-DD
  std::string kind;   // guaranteed, anticipated
  Translations advice_after_end;

  friend bool operator==(const Support&, const Support&) = default;
};

struct Catalog {
  std::string feed;  // the local name of the feed that it came from; set by the reader's caller
  Provenance provenance = Provenance::signed_feed;  // how it came; set by the reader's caller, as is what follows
  std::string signed_by;                            // for people: "targets (2 keys), acme.example (1 key)"
  std::string path;                                 // its TUF target path, "<vendor>/<model>/catalog.json"
  std::string date;                                 // when it was signed, YYYY-MM-DDTHH:MM:SSZ (I10)
  std::string vendor_id;
  std::string vendor_name;
  std::string security_contact;
  std::string model_id;
  std::string model_name;
  std::vector<std::string> hw;  // the hardware revisions of the model, or "any" alone
  std::vector<Match> match;
  bool updatable = true;
  std::string method;            // auto, confirm, manual, none
  std::string device_verifies;   // signature, hash, none; empty: not said
  std::string no_update_reason;  // for people, where `updatable` is false
  std::optional<Support> support;
  std::vector<Release> releases;  // by rising seq
  bool end_of_life = false;       // the maker will publish nothing more
  std::string end_of_life_since;  // YYYY-MM-DD, may be empty
  Translations end_of_life_advice;

  // Who checks an image before it runs, as far as the maker says: "gateway", or "gateway and device".
  [[nodiscard]] std::string_view verified_by() const;

  // The release that the text names exactly; nullptr where the catalog has none. Neither occurs twice in a catalog.
  [[nodiscard]] const Release* by_version(std::string_view version) const;
  [[nodiscard]] const Release* by_id(std::string_view id) const;

  friend bool operator==(const Catalog&, const Catalog&) = default;
};

}  // namespace homepatch
