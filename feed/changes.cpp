#include "feed/changes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "base/text.hpp"
#include "core/catalog_names.hpp"
#include "feed/deny_list.hpp"
#include "feed/preview.hpp"
#include "protocols/feeds/deny_reader.hpp"

namespace homepatch::feed {

namespace {

using nlohmann::json;
using Out = std::back_insert_iterator<std::string>;

constexpr std::size_t kMaxValueShown = 120;  // bytes of a value that is told otherwise

std::string recognised_as(const std::string& family, const json& match) {
  std::string out = family;
  for (const auto& [key, value] : match.items()) out += fmt::format(" {}={}", key, value.get<std::string>());
  return out;
}

std::set<std::string> recognitions(const json& document) {
  std::set<std::string> out;
  for (const auto& [family, matches] : document["model"]["match"].items()) {
    for (const auto& match : matches) out.insert(recognised_as(family, match));
  }
  return out;
}

void compare_match(Out out, const json& before, const json& after) {
  const auto old_ways = recognitions(before);
  const auto new_ways = recognitions(after);
  for (const auto& way : old_ways) {
    if (!new_ways.contains(way)) fmt::format_to(out, "  - no longer recognised as {}: such devices lose it\n", way);
  }
  for (const auto& way : new_ways) {
    if (!old_ways.contains(way)) fmt::format_to(out, "  + newly recognised as {}\n", way);
  }
}

void compare_support(Out out, const Catalog& before, const Catalog& after) {
  if (!before.support || before.support->end == (after.support ? after.support->end : "")) return;
  if (!after.support) return void(fmt::format_to(out, "  - no end of support is stated any more\n"));
  const bool sooner = after.support->end < before.support->end;
  fmt::format_to(out, "  {} support ends {}: {}, it was {}\n", sooner ? '-' : '+', sooner ? "sooner" : "later",
                 after.support->end, before.support->end);
}

void compare_end_of_life(Out out, const Catalog& before, const Catalog& after) {
  if (before.end_of_life == after.end_of_life) return;
  fmt::format_to(out, "{}",
                 after.end_of_life ? "  - nothing more will be published for it\n"
                                   : "  + its end of life is taken back: more will be published\n");
}

std::string value_text(const json& flat, const std::string& place) {
  const auto value = flat.find(place);
  return value == flat.end() ? "nothing" : printable(value->dump(), kMaxValueShown);
}

// "/model/hw/0" as "model.hw.0".
std::string place_text(const std::string& pointer) {
  auto out = pointer.empty() ? pointer : pointer.substr(1);
  std::ranges::replace(out, '/', '.');
  return printable(out);
}

// Every value that is told otherwise, whatever it means.
void compare_values(Out out, std::string_view of, const json& before, const json& after) {
  const auto old_values = before.flatten();
  const auto new_values = after.flatten();
  std::set<std::string> places;
  for (const auto* values : {&old_values, &new_values}) {
    for (const auto& [place, value] : values->items()) places.insert(place);
  }
  for (const auto& place : places) {
    const auto was = value_text(old_values, place);
    const auto is = value_text(new_values, place);
    if (was != is) fmt::format_to(out, "  ~ {}{}: {}, it was {}\n", of, place_text(place), is, was);
  }
}

// What is not compared by its meaning.
json remainder(json document) {
  document["model"].erase("match");
  if (document.contains("support")) document["support"].erase("end");
  for (const auto* key : {"releases", "date", "eol"}) document.erase(key);
  return document;
}

std::map<std::string, json> releases_of(const json& document) {
  std::map<std::string, json> out;
  for (const auto& release : document["releases"]) out[release["id"]] = release;
  return out;
}

void compare_releases(Out out, const CatalogDraft& before, const CatalogDraft& after) {
  const auto now = releases_of(after.document);
  for (const auto& [id, release] : releases_of(before.document)) {
    const auto* known = before.catalog.by_id(id);
    const auto name = known == nullptr ? id : known->version;
    if (const auto found = now.find(id); found != now.end()) {
      compare_values(out, name + ": ", release, found->second);
    } else {
      fmt::format_to(out, "  - {}: no longer listed\n", name);
    }
  }
}

// The paths of the catalogs that homes have of this feed.
Result<std::set<std::string>> published_paths(const Workshop& workshop) {
  std::set<std::string> out;
  if (workshop.settings().delegated) {
    const auto role = TRY(last_signed(workshop.metadata(), workshop.settings().vendor));
    if (!role) return out;
    for (const auto& [path, entry] : role->content.at("targets").items()) {
      if (is_catalog_path(path)) out.insert(path);
    }
    return out;
  }
  const auto bytes = workshop.published_models();
  if (!bytes && bytes.error().code == Errc::not_found) return out;
  if (!bytes) return fail(bytes.error());
  const auto document = json::parse(*bytes, nullptr, false);
  if (document.is_discarded()) return fail(Errc::malformed, "published/_feed/models.json is damaged");
  for (const auto& entry : document.at("models")) out.insert(entry.at("catalog").get<std::string>());
  return out;
}

Status describe_models(Out out, const Workshop& workshop, const std::vector<CatalogDraft>& drafts,
                       std::string_view folder) {
  auto gone = TRY(published_paths(workshop));
  for (const auto& draft : drafts) {
    const bool was_there = gone.erase(draft.catalog.path) > 0;
    const auto before = TRY(workshop.published(draft.catalog.path));
    const auto* known = was_there && before ? &*before : nullptr;
    if (known != nullptr && known->document == draft.document) continue;
    fmt::format_to(out, "{}\n", model_changes(draft, known));
  }
  for (const auto& path : gone) {
    if (!path.starts_with(folder)) continue;
    fmt::format_to(out, "- {}: gone. Homes forget its releases; its devices get nothing from this feed any more\n",
                   path.substr(0, path.rfind('/')));
  }
  return {};
}

Result<DenyList> published_deny_list(const Workshop& workshop, const SignedFile& targets) {
  const auto role = TRY(tuf::Targets::parse(targets.content));
  const auto listed = role.targets.find(std::string(kDenyPath));
  if (listed == role.targets.end() || !listed->second.hashes.sha256) return DenyList();
  const TargetFile file{listed->first, {listed->second.length, *listed->second.hashes.sha256}, {}};
  const auto bytes = TRY(image_bytes(workshop, file));
  return feeds::read_deny(bytes);
}

void compare_denied(Out out, const DenyList& before, const DenyList& after, const std::vector<CatalogDraft>& drafts) {
  const auto describe = [&](std::string_view what, const Digest& digest) {
    std::vector<std::string> names;
    for (const auto& draft : drafts) {
      const auto own = releases_with(draft.catalog, digest);
      names.insert(names.end(), own.begin(), own.end());
    }
    fmt::format_to(out, "{}: {}", what, denied_name(names, digest));
  };
  for (const auto& [digest, reason] : after) {
    if (before.contains(digest)) continue;
    describe("- taken back", digest);
    fmt::format_to(out, ": {}\n", printable(reason));
  }
  for (const auto& [digest, reason] : before) {
    if (after.contains(digest)) continue;
    describe("+ may be installed again", digest);
    fmt::format_to(out, "\n");
  }
}

std::map<std::string, json> roles_of(const json& delegations) {
  std::map<std::string, json> out;
  if (!delegations.is_object()) return out;
  for (const auto& role : delegations.at("roles")) out[role.at("name")] = role;
  return out;
}

void compare_delegations(Out out, const json& before, const json& after) {
  const auto old_roles = roles_of(before);
  const auto new_roles = roles_of(after);
  for (const auto& [vendor, role] : old_roles) {
    const auto found = new_roles.find(vendor);
    if (found == new_roles.end()) {
      fmt::format_to(out, "- {} may no longer sign in this feed\n", vendor);
    } else if (found->second != role) {
      fmt::format_to(out, "~ {} signs with other keys, or another number of them\n", vendor);
    }
  }
  for (const auto& [vendor, role] : new_roles) {
    if (!old_roles.contains(vendor)) fmt::format_to(out, "+ {0} may sign what lies under {0}/\n", vendor);
  }
}

std::string under_heading(std::string changes) {
  if (changes.empty()) return changes;
  return "What homes will see: + gained, ~ changed, - lost\n\n" + std::move(changes);
}

}  // namespace

std::string model_changes(const CatalogDraft& after, const CatalogDraft* before) {
  auto text = preview(after.catalog, before == nullptr ? nullptr : &before->catalog);
  if (before == nullptr) return text;
  const Out out(text);
  compare_match(out, before->document, after.document);
  compare_support(out, before->catalog, after.catalog);
  compare_end_of_life(out, before->catalog, after.catalog);
  if (before->catalog.end_of_life && after.catalog.end_of_life) {
    compare_values(out, "", json{{"eol", before->document["eol"]}}, json{{"eol", after.document["eol"]}});
  }
  compare_values(out, "", remainder(before->document), remainder(after.document));
  compare_releases(out, *before, after);
  return text;
}

Result<std::string> feed_changes(const Workshop& workshop, const Contents& contents) {
  std::string text;
  const Out out(text);
  TRY(describe_models(out, workshop, contents.drafts, ""));
  const auto targets = TRY(last_signed(workshop.metadata(), tuf::kTargets));
  const auto denied = TRY(load_deny_list(workshop));
  const auto denied_before = targets ? TRY(published_deny_list(workshop, *targets)) : DenyList();
  compare_denied(out, denied_before, denied, contents.drafts);
  compare_delegations(out, targets ? targets->content.value("delegations", json()) : json(), contents.delegations);
  return under_heading(std::move(text));
}

Result<std::string> vendor_changes(const Workshop& workshop, std::string_view vendor,
                                   const std::vector<CatalogDraft>& drafts) {
  std::string text;
  TRY(describe_models(Out(text), workshop, drafts, std::string(vendor) + "/"));
  return under_heading(std::move(text));
}

}  // namespace homepatch::feed
