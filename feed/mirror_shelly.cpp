// Shelly's update documents (Gen2 and later): {"stable": {"version", "build_id", "url"}, ...}, one for each app. The
// last part of a file's address is its SHA-256; a document whose addresses have none is refused. Gen1's index gives no
// hash at all. The device itself checks Shelly's signature.

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/file.hpp"
#include "base/text.hpp"
#include "feed/dotted_version.hpp"
#include "feed/mirrors.hpp"
#include "feed/upstream_file.hpp"
#include "trust/hash.hpp"
#include "trust/strict_json.hpp"

namespace homepatch::feed {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t kMaxDocument = 1U << 20U;

constexpr std::size_t kVersionParts = 3;  // "1.4.4"

std::optional<std::int64_t> seq_of(std::string_view version) { return seq_of_dotted(version, kVersionParts); }

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

class ShellyDocument {
 public:
  ShellyDocument(const fs::path& path, std::string app, bool download)
      : path_(path), app_(std::move(app)), files_(path.parent_path().empty() ? "." : path.parent_path(), download) {}

  Result<UpstreamRelease> read() {
    const auto bytes = TRY(read_file(path_, kMaxDocument));
    const auto document = TRY(parse_json(bytes, JsonLimits{}));
    if (document.is_object() && document.contains("isok")) {
      return fail(Errc::unsupported,
                  "this is the index of Gen1 devices, which gives no hash of its files: without one "
                  "they are not taken");
    }
    const auto* stable = TRY(object_field(document, "stable"));
    const auto version = TRY_IN("stable", string_field(*stable, "version"));
    const auto url = TRY_IN("stable", string_field(*stable, "url"));
    const auto digest = TRY(digest_of(url));
    const auto seq = seq_of(version);
    if (!seq) {
      return fail(Errc::unsupported,
                  fmt::format("the version '{}' has no place in the order of releases", printable(version, 60)));
    }
    UpstreamRelease out{path_.filename().string(), json::object(), {}};
    auto bundle = TRY(image(digest, url));
    out.images.push_back({"app", lower(app_) + "-" + version + ".zip", "raw", std::move(bundle)});
    out.content = {{"version", version},
                   {"seq", *seq},
                   {"model", {{"id", lower(app_)}, {"name", "Shelly " + app_}, {"hw", {"any"}}}},
                   {"match", {{"shelly", {{{"app", app_}}}}}},
                   {"updatability", {{"device_verifies", "signature"}}}};
    // Older devices take a newer bundle and silently throw it away (Gen2's change log).
    if (*seq >= *seq_of("1.4.0")) {
      out.content["requires"] = {{"from_seq_min", *seq_of("1.3.3")}};
      out.content["shipped"] = {{{"version", "1.3.3"}, {"seq", *seq_of("1.3.3")}}};
    }
    return out;
  }

 private:
  static Result<Digest> digest_of(const std::string& url) {
    const auto path = url.substr(0, url.find_first_of("?#"));
    auto digest = Digest::parse(path.substr(path.rfind('/') + 1));
    if (digest) return digest;
    return fail(Errc::not_trusted,
                fmt::format("the address {} does not end in the file's SHA-256: without a hash it is "
                            "not taken",
                            printable(url, 200)));
  }

  Result<std::string> image(const Digest& digest, const std::string& url) {
    auto bytes = TRY(files_.read({digest.hex(), digest.hex() + ".zip", app_ + ".zip"}, url));
    if (sha256(bytes) == digest) return bytes;
    return fail(Errc::not_trusted, fmt::format("the file's SHA-256 is not {}, which its address names", digest.hex()));
  }

  fs::path path_;
  std::string app_;
  UpstreamFiles files_;
};

}  // namespace

Status mirror_shelly(const MirrorOptions& options, MirrorDesk& desk) {
  std::vector<fs::path> documents;
  std::error_code ignored;
  if (fs::is_directory(options.source, ignored)) {
    for (const auto& entry : fs::directory_iterator(options.source, ignored)) {
      if (entry.path().extension() == ".json") documents.push_back(entry.path());
    }
    std::sort(documents.begin(), documents.end());
  } else {
    documents.emplace_back(options.source);
  }
  for (const auto& path : documents) {
    const auto app = options.app.empty() || documents.size() > 1 ? path.stem().string() : options.app;
    if (!options.only.empty() && std::find(options.only.begin(), options.only.end(), app) == options.only.end())
      continue;
    auto release = ShellyDocument(path, app, options.download).read();
    if (release) {
      TRY(desk.take(*release));
    } else {
      desk.refuse(path.filename().string(), release.error());
    }
  }
  if (!documents.empty()) return {};
  return fail(Errc::not_found, fmt::format("{} holds no update document (<app>.json)", options.source));
}

}  // namespace homepatch::feed
