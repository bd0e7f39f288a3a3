#include "feed/catalog_draft.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/catalog_names.hpp"
#include "protocols/feeds/catalog_reader.hpp"
#include "protocols/feeds/match_keys.hpp"

namespace homepatch::feed {

namespace {

using nlohmann::json;

// One text is English.
json words(const json& value) { return value.is_string() ? json{{"en", value}} : value; }

// A day as the moment at which it begins.
std::string moment(const std::string& day) { return day + "T00:00:00Z"; }

json vendor_of(const json& file) { return file["vendor"]; }

json model_of(const json& file) {
  auto model = file["model"];
  model["match"] = file["match"];
  return model;
}

json updatability_of(const json& file) {
  json out{{"updatable", true}, {"method", "auto"}};
  if (file.contains("updatability")) out.update(file["updatability"]);
  return out;
}

json support_of(const json& file) {
  auto support = file["support"];
  if (!support.contains("kind")) support["kind"] = "anticipated";
  if (const auto advice = support.find("advice_after_end"); advice != support.end()) {
    support["after_end"] = {{"advice", words(*advice)}};
    support.erase("advice_after_end");
  }
  return support;
}

json images_of(const ReleaseFile& file, const std::vector<ReleaseImage>& images) {
  const auto folder = model_folder(file.vendor_id(), file.model_id()) + file.id() + "/";
  auto out = json::array();
  for (const auto& image : images) {
    out.push_back({{"component", image.component},
                   {"hw", image.hw},
                   {"target", folder + image.file.name},
                   {"length", image.file.length},
                   {"sha256", image.file.sha256.hex()},
                   {"format", image.format}});
  }
  return out;
}

json release_of(const ReleaseFile& file, const std::vector<ReleaseImage>& images, const std::string& now) {
  const auto& content = file.content();
  json out{{"id", file.id()},
           {"version", file.version()},
           {"seq", file.seq()},
           {"min_allowed_seq", content.value("min_allowed_seq", 0)},
           {"date", content.contains("date") ? moment(content["date"]) : now},
           {"kind", content.value("kind", "security")},
           {"severity", content.value("severity", "none")},
           {"images", images_of(file, images)}};
  for (const auto* key : {"emergency", "advisory_url", "requires"}) {
    if (content.contains(key)) out[key] = content[key];
  }
  for (const auto* key : {"summary", "user_action"}) {
    if (content.contains(key)) out[key] = words(content[key]);
  }
  if (content.contains("cves")) {
    for (const auto& id : content["cves"]) out["cve"].push_back({{"id", id}, {"vex", "fixed"}});
  }
  return out;
}

json shipped_of(const json& entry) {
  const std::string version = entry["version"];
  json out{{"id", entry.value("id", release_id_of(version))},
           {"version", version},
           {"seq", entry["seq"]},
           {"min_allowed_seq", 0},
           {"kind", "feature"},
           {"images", json::array()}};
  if (entry.contains("date")) out["date"] = moment(entry["date"]);
  return out;
}

Status check_rises(const Catalog& catalog, const ReleaseFile& file) {
  if (catalog.by_version(file.version()) != nullptr) {
    return file.document().refuse(
        "version", fmt::format("{} is already in the catalog; give the new release a new version, or replace one that "
                               "is not published yet with add --again",
                               file.version()));
  }
  const auto highest = catalog.releases.empty() ? 0 : catalog.releases.back().seq;
  if (file.seq() > highest) return {};
  return file.document().refuse("seq", fmt::format("{} does not rise: {} is {} already; the next may be {} or more",
                                                   file.seq(), catalog.releases.back().version, highest, highest + 1));
}

// A release for a model that gets nothing more contradicts itself, and owners would be told both.
Status check_still_supported(const CatalogDraft* before, const ReleaseFile& file, const std::string& now) {
  const std::string end = file.content()["support"]["end"];
  const auto model = fmt::format("{}/{}", file.vendor_id(), file.model_id());
  if (end < now.substr(0, 10)) {
    return file.document().refuse(
        "support.end", fmt::format("{} is over: a release needs a support that lasts. Give a later day; once nothing "
                                   "more will come, say so with homepatch-feed eol {}",
                                   end, model));
  }
  if (before == nullptr || !before->catalog.end_of_life) return {};
  return file.document().refuse(
      "model.id", fmt::format("the end of {} was said (homepatch-feed eol): owners were told that nothing more comes. "
                              "If it lives again, add --reopen takes that back",
                              model));
}

// Versions in the field that the catalog does not list yet. One that it lists must have the seq that it has there.
// Which of them were new, in their order: positions in [[shipped]].
Result<std::vector<std::size_t>> add_shipped(json& document, const Catalog* before, const ReleaseFile& file) {
  std::vector<std::size_t> added;
  if (!file.content().contains("shipped")) return added;
  const auto& shipped = file.content()["shipped"];
  for (std::size_t i = 0; i < shipped.size(); ++i) {
    const auto place = fmt::format("shipped[{}]", i);
    const std::int64_t seq = shipped[i]["seq"];
    if (seq >= file.seq()) {
      return file.document().refuse(place + ".seq",
                                    fmt::format("must be below {}, the seq of the new release", file.seq()));
    }
    const Release* known =
        before == nullptr ? nullptr : before->by_version(shipped[i]["version"].get_ref<const std::string&>());
    if (known == nullptr) {
      document["releases"].push_back(shipped_of(shipped[i]));
      added.push_back(i);
    } else if (known->seq != seq) {
      return file.document().refuse(place + ".seq",
                                    fmt::format("the catalog has {} with seq {}", known->version, known->seq));
    }
  }
  return added;
}

// What a release file added to a catalog: positions in [[shipped]], in the order of their releases, which end right
// before the new one.
struct Additions {
  std::vector<std::size_t> shipped;
  std::size_t new_release = 0;
};

// Where in release.toml a place in the catalog comes from.
std::string source_place(std::string place, const Additions& added) {
  const auto new_release = added.new_release;
  const auto replace = [&](const std::string& from, const std::string& to) {
    if (place.starts_with(from)) place.replace(0, from.size(), to);
  };
  replace(fmt::format("releases[{}].images[", new_release), "image[");
  replace(fmt::format("releases[{}].", new_release), "");
  const auto first_shipped = new_release - added.shipped.size();
  for (std::size_t i = 0; i < added.shipped.size(); ++i) {
    replace(fmt::format("releases[{}]", first_shipped + i), fmt::format("shipped[{}]", added.shipped[i]));
  }
  replace("model.match", "match");
  return place;
}

// Homes pass over a family that they do not know: here it is a slip of the pen.
Status check_families(const json& match, const ReleaseFile& file) {
  if (!match.is_object()) return {};
  for (const auto& [family, entries] : match.items()) {
    if (auto known = feeds::check_family(family); !known) {
      return file.document().refuse("match." + family, known.error().text);
    }
  }
  return {};
}

// The reader's "<catalog>: <place>: <what>" as a refusal of the file that brought it.
Unexpected refuse_as_written(const Error& error, const ReleaseFile& file, const Additions& added) {
  constexpr std::string_view kSeparator = ": ";
  const auto start = error.text.find(kSeparator) + kSeparator.size();
  const auto end = error.text.find(kSeparator, start);
  if (start < kSeparator.size() || end == std::string::npos) return fail(error);
  return file.document().refuse(source_place(error.text.substr(start, end - start), added),
                                error.text.substr(end + kSeparator.size()));
}

}  // namespace

std::string CatalogDraft::bytes() const { return document.dump(1) + "\n"; }

Result<CatalogDraft> read_draft(const std::string& bytes, const std::string& path) {
  CatalogDraft draft;
  draft.catalog = TRY(feeds::read_catalog(bytes, path));
  draft.document = json::parse(bytes, nullptr, false);
  return draft;
}

Result<CatalogDraft> with_release(const CatalogDraft* before, const ReleaseFile& file,
                                  const std::vector<ReleaseImage>& images, const std::string& now) {
  json document = before == nullptr ? json{{"releases", json::array()}, {"eol", nullptr}} : before->document;
  TRY(check_still_supported(before, file, now));
  if (before != nullptr) TRY(check_rises(before->catalog, file));
  const auto& content = file.content();
  document["homepatch_catalog"] = 1;
  document["date"] = now;
  document["vendor"] = vendor_of(content);
  document["model"] = model_of(content);
  TRY(check_families(document["model"]["match"], file));
  document["updatability"] = updatability_of(content);
  document["support"] = support_of(content);
  Additions added;
  added.shipped = TRY(add_shipped(document, before == nullptr ? nullptr : &before->catalog, file));
  added.new_release = document["releases"].size();
  document["releases"].push_back(release_of(file, images, now));
  auto draft = read_draft(document.dump(), catalog_path(file.vendor_id(), file.model_id()));
  if (!draft) return refuse_as_written(draft.error(), file, added);
  return draft;
}

Result<CatalogDraft> without_release(const CatalogDraft& draft, const CatalogDraft* published,
                                     const std::string& version) {
  if (published != nullptr && published->catalog.by_version(version) != nullptr) {
    return fail(Errc::invalid_argument,
                fmt::format("{} is published: homes may run it, and a release is never changed; "
                            "give the new one a new version",
                            version));
  }
  auto document = draft.document;
  auto& releases = document["releases"];
  releases.erase(std::remove_if(releases.begin(), releases.end(),
                                [&](const json& release) { return release["version"] == version; }),
                 releases.end());
  return read_draft(document.dump(), draft.catalog.path);
}

Result<CatalogDraft> without_end_of_life(const CatalogDraft& before) {
  auto document = before.document;
  document["eol"] = nullptr;
  return read_draft(document.dump(), before.catalog.path);
}

Result<CatalogDraft> with_end_of_life(const CatalogDraft& before, const std::string& since, const std::string& advice,
                                      const std::string& now) {
  auto document = before.document;
  document["date"] = now;
  document["eol"] = {{"since", since}};
  if (!advice.empty()) document["eol"]["advice"] = {{"en", advice}};
  return read_draft(document.dump(), before.catalog.path);
}

}  // namespace homepatch::feed
