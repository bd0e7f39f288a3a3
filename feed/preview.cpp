#include "feed/preview.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/text.hpp"

namespace homepatch::feed {

namespace {

std::string recognised_as(const Match& match) {
  std::string out(to_string(match.family));
  for (const auto& [key, value] : match.keys) out += fmt::format(" {}={}", key, value);
  return out;
}

std::string starting_point(const Release& release) {
  std::string out;
  if (release.required.from_seq_min) out += fmt::format(", seq {} or later", *release.required.from_seq_min);
  if (release.required.from_seq_max) out += fmt::format(", seq {} or earlier", *release.required.from_seq_max);
  return out.empty() ? "any listed version" : "any listed version" + out;
}

std::string needs(const Requires& required, std::string_view vendor) {
  std::string out;
  if (required.battery_min) out += fmt::format("; battery at {} % or more", *required.battery_min);
  if (required.mains) out += "; on mains power";
  for (const auto& needed : required.components) {
    out += fmt::format("; once every {}/{} of the home runs seq {} or later", vendor, needed.model_id, needed.seq_min);
  }
  return out;
}

std::string first_text(const Translations& texts) {
  const auto english = texts.find("en");
  if (english != texts.end()) return english->second;
  return texts.empty() ? std::string{} : texts.begin()->second;
}

void describe_release(std::back_insert_iterator<std::string> out, const Release& release, std::string_view vendor) {
  if (release.images.empty()) {
    fmt::format_to(out, "  + {}, seq {}: listed as a version in the field, not offered\n", release.version,
                   release.seq);
    return;
  }
  fmt::format_to(out, "  + {}, seq {}, {}, severity {}\n", release.version, release.seq, to_string(release.kind),
                 to_string(release.severity));
  if (!release.cves.empty()) fmt::format_to(out, "      fixes {}\n", fmt::join(release.cves, ", "));
  if (const auto text = first_text(release.summary); !text.empty()) fmt::format_to(out, "      \"{}\"\n", text);
  fmt::format_to(out, "      from {}{}\n", starting_point(release), needs(release.required, vendor));
  if (release.min_allowed_seq > 0) {
    fmt::format_to(out, "      afterwards never below seq {}\n", release.min_allowed_seq);
  }
  for (const auto& image : release.images) {
    fmt::format_to(out, "      {} for hardware {}: {}, {}, {}, SHA-256 {}...\n", image.component,
                   fmt::join(image.hw, ", "), image.target.substr(image.target.rfind('/') + 1),
                   human_bytes(image.length), image.format, image.sha256.brief());
  }
}

std::string support_line(const Catalog& catalog) {
  if (!catalog.support) return "no end of support is stated";
  return fmt::format("supported until {} ({})", catalog.support->end, catalog.support->kind);
}

}  // namespace

std::string preview(const Catalog& after, const Catalog* before) {
  std::string text;
  const auto out = std::back_inserter(text);
  fmt::format_to(out, "{}/{}{}{}\n", after.vendor_id, after.model_id, after.model_name.empty() ? "" : "  ",
                 after.model_name);
  for (const auto& match : after.match) fmt::format_to(out, "    recognised as {}\n", recognised_as(match));
  if (after.match.empty()) fmt::format_to(out, "    recognised by no device family that homepatch speaks with yet\n");
  fmt::format_to(out, "    {}\n", support_line(after));
  if (!after.updatable) fmt::format_to(out, "    takes no updates: {}\n", after.no_update_reason);
  if (after.end_of_life) {
    const auto advice = first_text(after.end_of_life_advice);
    fmt::format_to(out, "    end of life: nothing more will be published{}\n",
                   advice.empty() ? "" : fmt::format("; \"{}\"", advice));
  }
  std::size_t added = 0;
  for (const auto& release : after.releases) {
    if (before != nullptr && before->by_id(release.id) != nullptr) continue;
    describe_release(out, release, after.vendor_id);
    ++added;
  }
  if (added == 0) fmt::format_to(out, "  no new release\n");
  return text;
}

std::vector<std::string> releases_with(const Catalog& catalog, const Digest& digest) {
  std::vector<std::string> names;
  for (const auto& release : catalog.releases) {
    const auto is_it = [&](const Image& image) { return image.sha256 == digest; };
    if (std::ranges::none_of(release.images, is_it)) continue;
    names.push_back(fmt::format("{}/{} {}", catalog.vendor_id, catalog.model_id, release.version));
  }
  return names;
}

std::string denied_name(const std::vector<std::string>& releases, const Digest& digest) {
  const auto name = releases.empty() ? "an image that no release brings" : fmt::format("{}", fmt::join(releases, ", "));
  return fmt::format("{}, SHA-256 {}", name, digest.hex());
}

}  // namespace homepatch::feed
