// Tasmota's release binaries. Upstream signs nothing: what holds them is the SHA-256 that its release page shows.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "base/file.hpp"
#include "base/text.hpp"
#include "feed/dotted_version.hpp"
#include "feed/mirrors.hpp"
#include "feed/upstream_file.hpp"
#include "trust/hash.hpp"
#include "trust/image_header.hpp"

namespace homepatch::feed {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t kMaxSums = 1U << 20U;
constexpr unsigned char kEspMagic = 0xE9;

// What a file name's first part says of the chip. `reported` is what devices say in Status 2, Hardware, up to a space.
struct Board {
  std::string_view stem;
  std::string_view esp_chip;  // in an ESP32 image's header; empty: ESP8266
  std::vector<std::string_view> reported;
};

const std::vector<Board>& boards() {
  static const std::vector<Board> known{
      {"tasmota", "", {"ESP8266EX", "ESP8285", "ESP8285H08", "ESP8285H16", "ESP8285N08"}},
      {"tasmota32",
       "esp32",
       {"ESP32-D0WD", "ESP32-D0WD-V3", "ESP32-D0WDQ6", "ESP32-D0WDQ6-V3", "ESP32-D0WDR2-V3", "ESP32-PICO-D4",
        "ESP32-PICO-V3", "ESP32-PICO-V3-02"}},
      {"tasmota32solo1", "esp32", {"ESP32-S0WD"}},
      {"tasmota32c2", "esp32-c2", {"ESP32-C2"}},
      {"tasmota32c3", "esp32-c3", {"ESP32-C3"}},
      {"tasmota32c6", "esp32-c6", {"ESP32-C6"}},
      {"tasmota32s2", "esp32-s2", {"ESP32-S2"}},
      {"tasmota32s3", "esp32-s3", {"ESP32-S3"}},
  };
  return known;
}

// The builds whose name a device reports in its version's parentheses.
constexpr std::array<std::string_view, 12> kVariants{"bluetooth", "display",   "ir",       "knx",
                                                     "lite",      "lvgl",      "nspanel",  "sensors",
                                                     "webcam",    "zbbrdgpro", "zbbridge", "zigbee"};

struct Binary {
  const Board* board = nullptr;
  std::string image;  // as devices report it
  std::string model;  // the model's id: the file's stem in lower case
};

bool is_language(std::string_view text) {
  return text.size() == 2 && std::all_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

// Nothing for a file that no device is to be given by name: another chip, a helper, a full-flash image.
std::optional<Binary> binary_of(std::string_view stem) {
  const auto dash = stem.find('-');
  const auto base = stem.substr(0, dash);
  const auto board =
      std::find_if(boards().begin(), boards().end(), [&](const Board& entry) { return entry.stem == base; });
  if (board == boards().end()) return std::nullopt;
  const std::string plain = board->esp_chip.empty() ? "tasmota" : "tasmota32";
  if (dash == std::string_view::npos) return Binary{&*board, plain, lower(std::string(stem))};
  const auto variant = stem.substr(dash + 1);
  const bool known = std::find(kVariants.begin(), kVariants.end(), variant) != kVariants.end();
  if (!known && !is_language(variant)) return std::nullopt;
  return Binary{&*board, std::string(variant), lower(std::string(stem))};
}

constexpr std::size_t kVersionParts = 4;  // "15.0.1.2"

std::optional<std::int64_t> seq_of(std::string_view version) { return seq_of_dotted(version, kVersionParts); }

using Sums = std::map<std::string, std::string, std::less<>>;

// Lines as sha256sum writes them: the hash, then white space and perhaps a '*', then the name.
Result<Sums> read_sums(const fs::path& path) {
  const auto text = read_file(path, kMaxSums);
  if (!text) {
    return fail(
        text.error().code,
        fmt::format("{}: it must hold the SHA-256 that Tasmota's release page shows for each file, one line each "
                    "(\"HASH  NAME\"): a binary without one is not taken",
                    text.error().text));
  }
  Sums sums;
  std::size_t number = 0;
  for (std::size_t at = 0; at < text->size(); ++number) {
    const auto end = std::min(text->find('\n', at), text->size());
    auto line = std::string_view(*text).substr(at, end - at);
    at = end + 1;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.starts_with('#')) continue;
    const auto gap = line.find_first_of(" \t");
    const auto name = gap == std::string_view::npos ? gap : line.find_first_not_of(" \t*", gap);
    if (name == std::string_view::npos || !Digest::parse(line.substr(0, gap))) {
      return fail(Errc::malformed,
                  fmt::format("{}, line {}: must be a SHA-256 and a file's name", path.string(), number + 1));
    }
    sums.emplace(line.substr(name), line.substr(0, gap));
  }
  return sums;
}

class TasmotaFolder {
 public:
  TasmotaFolder(const MirrorOptions& options, Sums sums, std::string release, std::int64_t seq)
      : options_(options),
        files_(options.source, false),
        sums_(std::move(sums)),
        release_(std::move(release)),
        seq_(seq) {}

  Status mirror(MirrorDesk& desk) {
    for (const auto& [stem, name] : binaries()) {
      const auto binary = binary_of(stem);
      if (!binary) {
        if (!is_helper(stem)) desk.leave_out(name, "no device is recognised by this file's name");
        continue;
      }
      if (!wanted(stem)) continue;
      auto release = read(*binary, name);
      if (release) {
        TRY(desk.take(*release));
      } else {
        desk.refuse(name, release.error());
      }
    }
    return {};
  }

 private:
  static bool is_helper(std::string_view stem) {
    return stem.ends_with("-minimal") || stem.ends_with("-safeboot") || stem.find(".factory") != std::string_view::npos;
  }

  [[nodiscard]] bool wanted(const std::string& stem) const {
    return options_.only.empty() || std::find(options_.only.begin(), options_.only.end(), stem) != options_.only.end();
  }

  // By stem; the packed one where both are there, as Tasmota's own server gives it.
  [[nodiscard]] std::map<std::string, std::string> binaries() const {
    std::map<std::string, std::string> out;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(options_.source, ignored)) {
      const auto name = entry.path().filename().string();
      for (const std::string_view ending : {".bin.gz", ".bin"}) {
        if (!name.starts_with("tasmota") || !name.ends_with(ending)) continue;
        auto& chosen = out[name.substr(0, name.size() - ending.size())];
        if (chosen.empty() || ending == ".bin.gz") chosen = name;
        break;
      }
    }
    return out;
  }

  Result<std::string> checked(const std::string& name) {
    auto bytes = TRY(files_.read({name}, ""));
    const auto sum = sums_.find(name);
    if (sum == sums_.end()) {
      return fail(Errc::not_trusted,
                  fmt::format("upstream gives no SHA-256 for {}: without one it is not taken", name));
    }
    if (lower(sum->second) == sha256(bytes).hex()) return bytes;
    return fail(Errc::not_trusted,
                fmt::format("the SHA-256 of {} is not upstream's: it is damaged, or another file", name));
  }

  // What its first bytes say: an ESP8266 takes packed images, an ESP32 only its own chip's.
  static Status check_chip(const Board& board, const std::string& bytes) {
    const bool packed = bytes.starts_with("\x1f\x8b");
    const bool esp = !bytes.empty() && static_cast<unsigned char>(bytes[0]) == kEspMagic;
    if (board.esp_chip.empty()) {
      if (packed || esp) return {};
      return fail(Errc::malformed, "does not begin as ESP8266 images do");
    }
    const auto header = TRY(read_image_header(ImageSource::of_bytes(bytes)));
    if (!header || header->format != ImageFormat::esp_app) {
      return fail(Errc::malformed, "does not begin as ESP32 application images do");
    }
    if (header->chip == board.esp_chip) return {};
    return fail(Errc::malformed, fmt::format("is for {}, but its name says {}", header->chip, board.esp_chip));
  }

  // An ESP8266 without room goes by way of the minimal image, which must lie beside.
  Result<std::vector<UpstreamImage>> images(const Binary& binary, const std::string& name) {
    std::vector<UpstreamImage> out;
    auto bytes = TRY(checked(name));
    TRY(check_chip(*binary.board, bytes));
    out.push_back({"app", name, "raw", std::move(bytes)});
    if (!binary.board->esp_chip.empty()) return out;
    const std::string minimal = "tasmota-minimal" + name.substr(name.find('.'));
    if (!files_.beside({minimal})) {
      return fail(Errc::not_found,
                  fmt::format("{} must lie beside it: devices with little flash need it on the way", minimal));
    }
    bytes = TRY(checked(minimal));
    TRY(check_chip(*binary.board, bytes));
    out.push_back({"minimal", minimal, "raw", std::move(bytes)});
    return out;
  }

  Result<UpstreamRelease> read(const Binary& binary, const std::string& name) {
    UpstreamRelease out{name, json::object(), {}};
    out.images = TRY(images(binary, name));
    out.content = {
        {"version", release_},
        {"seq", seq_},
        {"model", {{"id", binary.model}, {"name", "Tasmota " + name.substr(0, name.find('.'))}, {"hw", {"any"}}}},
        {"updatability", {{"device_verifies", "none"}}}};
    for (const auto chip : binary.board->reported) {
      out.content["match"]["tasmota"].push_back({{"chip", chip}, {"image", binary.image}});
    }
    // Below 9.1 the way leads over older releases (Tasmota's upgrading page).
    const auto floor = *seq_of("9.1.0");
    if (seq_ > floor) out.content["requires"] = {{"from_seq_min", floor}};
    for (const auto& version : options_.also) {
      const auto seq = seq_of(version);
      if (!seq)
        return fail(Errc::invalid_argument, fmt::format("--also '{}' must be a version such as 14.2.0", version));
      out.content["shipped"].push_back({{"version", version}, {"seq", *seq}});
    }
    return out;
  }

  const MirrorOptions& options_;
  UpstreamFiles files_;
  Sums sums_;
  std::string release_;
  std::int64_t seq_;
};

// --release, or what the folder's name says: "release-15.0.1", "v15.0.1".
std::string release_of(const MirrorOptions& options) {
  if (!options.release.empty()) return options.release;
  auto name = fs::path(options.source).lexically_normal().filename().string();
  if (name.empty()) name = fs::path(options.source).lexically_normal().parent_path().filename().string();
  const auto digit = name.find_first_of("0123456789");
  return digit == std::string::npos ? std::string{} : name.substr(digit);
}

}  // namespace

Status mirror_tasmota(const MirrorOptions& options, MirrorDesk& desk) {
  std::error_code ignored;
  if (!fs::is_directory(options.source, ignored)) {
    return fail(Errc::not_found,
                fmt::format("{} is no folder: it must hold the binaries of one Tasmota release", options.source));
  }
  const auto release = release_of(options);
  const auto seq = seq_of(release);
  if (!seq) {
    return fail(Errc::invalid_argument,
                fmt::format("'{}' is no Tasmota version: say which release the folder holds, such "
                            "as --release 15.0.1",
                            printable(release, 40)));
  }
  auto sums = TRY(read_sums(options.sums.empty() ? fs::path(options.source) / "SHA256SUMS" : fs::path(options.sums)));
  return TasmotaFolder(options, std::move(sums), release, *seq).mirror(desk);
}

}  // namespace homepatch::feed
