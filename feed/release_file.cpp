#include "feed/release_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/text.hpp"
#include "base/unique_fd.hpp"
#include "core/catalog.hpp"
#include "core/catalog_names.hpp"
#include "feed/form.hpp"
#include "protocols/feeds/release_reader.hpp"
#include "trust/hash.hpp"

namespace homepatch::feed {

namespace {

using nlohmann::json;

constexpr std::array kMembers{
    Member{"id", Kind::text},
    Member{"version", Kind::text},
    Member{"seq", Kind::number},
    Member{"min_allowed_seq", Kind::number},
    Member{"date", Kind::date},
    Member{"kind", Kind::text},
    Member{"severity", Kind::text},
    Member{"emergency", Kind::flag},
    Member{"cves", Kind::texts},
    Member{"summary", Kind::words},
    Member{"user_action", Kind::words},
    Member{"advisory_url", Kind::text},
    Member{"vendor.id", Kind::text},
    Member{"vendor.name", Kind::text},
    Member{"vendor.security_contact", Kind::text},
    Member{"model.id", Kind::text},
    Member{"model.name", Kind::text},
    Member{"model.label_hint", Kind::text},
    Member{"model.class", Kind::text},
    Member{"model.hw", Kind::texts},
    Member{"match", Kind::free},
    Member{"updatability.updatable", Kind::flag},
    Member{"updatability.method", Kind::text},
    Member{"updatability.device_verifies", Kind::text},
    Member{"updatability.no_update_reason", Kind::text},
    Member{"support.start", Kind::date},
    Member{"support.end", Kind::date},
    Member{"support.kind", Kind::text},
    Member{"support.statement_url", Kind::text},
    Member{"support.advice_after_end", Kind::words},
    Member{"requires", Kind::free},
    Member{"image[].file", Kind::text},
    Member{"image[].component", Kind::text},
    Member{"image[].hw", Kind::texts},
    Member{"image[].format", Kind::text},
    Member{"shipped[].id", Kind::text},
    Member{"shipped[].version", Kind::text},
    Member{"shipped[].seq", Kind::number},
    Member{"shipped[].date", Kind::date},
};

struct Needed {
  const char* pointer;
  std::string_view place;
  std::string_view why;
};

constexpr std::array kNeeded{
    Needed{"/version", "version", "is missing: the version exactly as the device will report it"},
    Needed{"/seq", "seq", "is missing: a whole number that rises with every release and orders them"},
    Needed{"/vendor/id", "vendor.id", "is missing: your domain name in lower case, such as acme.example"},
    Needed{"/model/id", "model.id", "is missing: a short name of the model, such as lamp-a19"},
    Needed{"/model/hw", "model.hw", "is missing: the hardware revisions, such as [\"A\", \"B\"], or [\"any\"]"},
    Needed{"/match", "match", "is missing: how devices of this model are recognised, such as [[match.tasmota]]"},
    Needed{"/support/end", "support.end",
           "is missing: a release needs a stated end of support, such as end = 2031-05-31 under [support]"},
};

Status check_needed(const TomlDocument& document) {
  for (const auto& [pointer, place, why] : kNeeded) {
    if (!document.content.contains(json::json_pointer(pointer))) return document.refuse(place, why);
  }
  for (std::size_t i = 0; document.content.contains("shipped") && i < document.content["shipped"].size(); ++i) {
    const auto& entry = document.content["shipped"][i];
    if (entry.contains("version") && entry.contains("seq")) continue;
    return document.refuse(fmt::format("shipped[{}]", i), "needs a version and a seq");
  }
  return {};
}

// Words that the reader in homes would ignore when misspelled, where their publisher wants to be told.
struct Choice {
  const char* pointer;
  std::string_view place;
  std::vector<std::string_view> words;
};

Status check_choices(const TomlDocument& document) {
  static const std::vector<Choice> choices{
      {"/severity", "severity", {"none", "low", "medium", "high", "critical"}},
      {"/support/kind", "support.kind", {"guaranteed", "anticipated"}},
      {"/updatability/device_verifies", "updatability.device_verifies", {"signature", "hash", "none"}},
  };
  for (const auto& [pointer, place, words] : choices) {
    const json::json_pointer where(pointer);
    if (!document.content.contains(where)) continue;
    const auto& value = document.content[where].get_ref<const std::string&>();
    if (std::find(words.begin(), words.end(), value) != words.end()) continue;
    return document.refuse(place, fmt::format("must be one of {}", fmt::join(words, ", ")));
  }
  return {};
}

// What homes would leave out, where its publisher wants to be told.
Status check_cves(const TomlDocument& document) {
  const auto cves = document.content.find("cves");
  if (cves == document.content.end()) return {};
  if (cves->size() > feeds::kMaxCves) {
    return document.refuse("cves", fmt::format("names {}; homes show {} at most", cves->size(), feeds::kMaxCves));
  }
  for (std::size_t i = 0; i < cves->size(); ++i) {
    const std::string id = (*cves)[i];
    if (is_plain_text(id, feeds::kMaxCveId) && id.find(' ') == std::string::npos && id.find('-') != std::string::npos) {
      continue;
    }
    return document.refuse(fmt::format("cves[{}]", i),
                           fmt::format("'{}' must be one identifier such as CVE-2026-0001, of at most {} bytes",
                                       printable(id, 60), feeds::kMaxCveId));
  }
  return {};
}

std::string names(const std::vector<ImageFile>& files) {
  std::vector<std::string> out;
  for (const auto& file : files) out.push_back(file.name);
  return fmt::format("{}", fmt::join(out, ", "));
}

}  // namespace

std::string release_id_of(const std::string& version) {
  std::string id = version.substr(0, kMaxReleaseId);
  std::replace_if(
      id.begin(), id.end(),
      [](char c) {
        return !is_release_id(std::string{'x', c});
      },
      '-');
  return id;
}

Result<ImageFile> ImageFile::open(const std::filesystem::path& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) return fail(errno_error(fmt::format("opening the image {}", path.string()), errno));
  struct stat st {};
  if (::fstat(fd.get(), &st) != 0) return fail(errno_error(fmt::format("looking at {}", path.string()), errno));
  if (!S_ISREG(st.st_mode)) {
    return fail(Errc::invalid_argument, fmt::format("the image {} is not a regular file", path.string()));
  }
  ImageFile image{path, path.filename().string(), static_cast<std::uint64_t>(st.st_size), {}};
  if (image.length == 0 || image.length > kMaxImageLength) {
    return fail(Errc::invalid_argument, fmt::format("the image {} has {} bytes; 1 to {} are accepted", path.string(),
                                                    image.length, kMaxImageLength));
  }
  if (!is_file_name(image.name)) {
    return fail(Errc::invalid_argument,
                fmt::format("the image's file name '{}' must be of letters, digits and . _ - (rename it)", image.name));
  }
  image.sha256 = TRY(sha256_of_fd(fd.get(), image.length));
  return image;
}

Result<ReleaseFile> ReleaseFile::load(const std::filesystem::path& path) {
  auto document = TRY(TomlDocument::load(path));
  return of(std::move(document));
}

Result<ReleaseFile> ReleaseFile::of(TomlDocument document) {
  TRY(check_form(document, kMembers));
  TRY(check_needed(document));
  TRY(check_choices(document));
  TRY(check_cves(document));
  return ReleaseFile(std::move(document));
}

std::string ReleaseFile::id() const {
  if (content().contains("id")) return content()["id"];
  return release_id_of(version());
}

Result<std::vector<ReleaseImage>> ReleaseFile::join(const std::vector<ImageFile>& files) const {
  const auto& hw = content()["model"]["hw"];
  if (files.empty()) {
    return fail(Errc::invalid_argument,
                fmt::format("no image is given: homepatch-feed add {} IMAGE... (a version that is only in the field, "
                            "without an image, is listed under [[shipped]] of a release that has one)",
                            document_.file));
  }
  if (!content().contains("image")) {
    if (files.size() == 1) return std::vector<ReleaseImage>{{files[0], "app", hw, "", "image[0]"}};
    return document_.refuse("image", "is missing: with more than one image, each needs an [[image]] with its file");
  }
  std::vector<ReleaseImage> joined;
  for (std::size_t i = 0; i < content()["image"].size(); ++i) {
    const auto& entry = content()["image"][i];
    const auto place = fmt::format("image[{}]", i);
    if (!entry.contains("file")) return document_.refuse(place, "needs file = \"...\"");
    const auto found =
        std::find_if(files.begin(), files.end(), [&](const ImageFile& file) { return file.name == entry["file"]; });
    if (found == files.end()) {
      return document_.refuse(place + ".file", fmt::format("'{}' is not among the images given: {}",
                                                           entry["file"].get<std::string>(), names(files)));
    }
    joined.push_back({*found, entry.value("component", "app"), entry.contains("hw") ? entry["hw"] : hw,
                      entry.value("format", ""), place});
  }
  for (const auto& file : files) {
    const auto used = [&](const ReleaseImage& image) { return image.file.name == file.name; };
    if (std::any_of(joined.begin(), joined.end(), used)) continue;
    return document_.refuse("image", fmt::format("no [[image]] names the given file '{}'", file.name));
  }
  return joined;
}

}  // namespace homepatch::feed
