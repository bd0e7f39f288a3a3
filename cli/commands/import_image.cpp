#include "cli/commands/import_image.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "base/text.hpp"
#include "cli/documents.hpp"
#include "cli/question.hpp"
#include "cli/views.hpp"
#include "cli/words.hpp"
#include "core/provenance.hpp"

namespace homepatch::cli {

namespace {

std::string what_it_is(const RawImage& image, const Value& inspected) {
  std::string text = fmt::format("{} has {}", printable(image.file), human_bytes(count_of(inspected, "length")));
  const std::string format = text_of(inspected, "format");
  if (format == "raw") return text + " and no header that homepatch can read.";
  text += fmt::format(" and is, by its header, an image of the format {}", shown(format));
  for (const char* key : {"project", "version", "chip"}) {
    if (const auto value = text_of(inspected, key); !value.empty()) text += fmt::format(", {} {}", key, shown(value));
  }
  if (text_of(inspected, "own_hash") == "agrees") text += "; the hash inside agrees";
  return text + ".";
}

std::string what_vouches(const Value& inspected) {
  const auto provenance = provenance_from(text_of(inspected, "provenance"));
  std::string text(sentence(provenance.value_or(Provenance::local_admin)));
  for (const auto& known : texts_of(inspected, "known")) text += fmt::format(" {}.", printable(known, 400));
  return text;
}

void show(const Screen& screen, const RawImage& image, const Value& inspected) {
  screen.paragraph(what_it_is(image, inspected));
  screen.line(fmt::format("SHA-256 {}", shown(text_of(inspected, "sha256"))));
  if (const auto match = text_of(inspected, "match"); !match.empty()) {
    screen.paragraph(fmt::format("It is for {}: {} of this home. A device must report version {} after its update.",
                                 shown(match), counted(count_of(inspected, "devices"), "device"),
                                 shown(image.version)));
  }
  screen.paragraph(what_vouches(inspected));
}

Json inspection_json(const Value& inspected) {
  Json out;
  for (const char* key :
       {"sha256", "sha512", "md5", "format", "version", "project", "chip", "own_hash", "provenance", "match"}) {
    out[key] = text_of(inspected, key);
  }
  out["length"] = count_of(inspected, "length");
  out["devices"] = count_of(inspected, "devices");
  out["known"] = texts_of(inspected, "known");
  out["contradictions"] = texts_of(inspected, "contradictions");
  return out;
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

// Whether the person wants it: by what was said on the command line, or by an answer now.
Status confirm(const Program& program, const RawImage& image, const std::string& sha256) {
  if (!image.sha256.empty() && lower(image.sha256) != sha256) {
    return fail(Errc::not_trusted,
                fmt::format("the file has SHA-256 {}, not {}: it is not the file that its maker "
                            "published. Download it again, and look whether you compare the right one",
                            sha256, printable(image.sha256, 80)));
  }
  if (!image.sha256.empty() || image.yes) return {};
  if (!can_ask(program)) {
    return fail(
        Errc::invalid_argument,
        "there is no terminal to ask on: give the digest that the maker published with --sha256 HEX, or --yes to "
        "take in whatever it is");
  }
  if (says_yes(program.screen, "Take it in?")) return {};
  return fail(Errc::cancelled, "nothing was taken in");
}

}  // namespace

Result<int> import_image(Program& program, int fd, const RawImage& image) {
  Bus bus = TRY(Bus::open());
  const std::string path = TRY(bus.find_device(image.device));
  const DeviceView device = TRY(read_device(bus, path));
  const Value inspected = TRY(bus.inspect_image(fd, device.id, image.version));
  if (!program.json) show(program.screen, image, inspected);
  if (const auto refusal = text_of(inspected, "refusal"); !refusal.empty()) {
    return fail(Errc::invalid_argument, printable(refusal, 1000));
  }
  const std::string sha256 = text_of(inspected, "sha256");
  TRY(confirm(program, image, sha256));
  const std::string text = TRY(bus.import_image(fd, device.id, image.version, sha256));
  if (program.json) {
    program.screen.print(document({{"image", inspection_json(inspected)}, {"text", text}}));
  } else {
    program.screen.paragraph(printable(text, 2000));
  }
  return kExitDone;
}

}  // namespace homepatch::cli
