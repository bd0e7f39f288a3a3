#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/commands/zigbee_match.hpp"
#include "cli/documents.hpp"
#include "cli/table.hpp"
#include "cli/words.hpp"

namespace homepatch::cli {

namespace {

constexpr const char* kNoIndex =
    "No index is configured. An index is an unsigned list of images on the internet: name one under [[index]] in "
    "/etc/homepatch/homepatchd.toml (there is an example in it), restart homepatchd, then: homepatchctl refresh";

// --- Without words: the indexes themselves.

std::string condition_of(const Value& index) {
  if (const auto failure = text_of(index, "failure"); !failure.empty()) return failure;
  if (count_of(index, "left_out") == 0) return "good";
  return fmt::format("{} left out: {}", count_of(index, "left_out"), text_of(index, "complaints"));
}

Table make_index_table(const Value& indexes) {
  Table table({{"INDEX", 8}, {"KIND", 0, 3}, {"IMAGES", 0, 5, true}, {"CAME", 0, 4}, {"FROM", 20, 1}, {"STATE", 20}});
  const std::int64_t now = now_millis();
  for (const Value& index : indexes) {
    const bool well = text_of(index, "failure").empty();
    table.add({text_of(index, "name"), text_of(index, "kind"), std::to_string(count_of(index, "entries")),
               ago(number_of(index, "taken"), now), text_of(index, "from"),
               Cell(condition_of(index), well ? Tone::good : Tone::attention)});
  }
  return table;
}

Json indexes_json(const Value& indexes) {
  Json list = Json::array();
  for (const Value& index : indexes) {
    list.push_back({{"name", text_of(index, "name")},
                    {"kind", text_of(index, "kind")},
                    {"from", text_of(index, "from")},
                    {"entries", count_of(index, "entries")},
                    {"left_out", count_of(index, "left_out")},
                    {"complaints", text_of(index, "complaints")},
                    {"taken", json_time(number_of(index, "taken"))},
                    {"checked", json_time(number_of(index, "checked"))},
                    {"failure", text_of(index, "failure")}});
  }
  return list;
}

void list_indexes(const Program& program, const Value& indexes) {
  if (program.json) return program.screen.print(document({{"indexes", indexes_json(indexes)}}));
  if (indexes.empty()) return program.screen.paragraph(kNoIndex);
  program.screen.print(make_index_table(indexes).render(program.screen));
  program.screen.paragraph("Search them: homepatchctl search WORDS; fetch them now: homepatchctl refresh");
}

// --- With words: the images in them.

std::string who_it_is_for(const Value& image) {
  if (text_of(image, "kind") == "esp") return text_of(image, "chip");
  return fmt::format("{}", fmt::join(texts_of(image, "models"), ", "));
}

std::string code_of(const Value& image, const char* key) {
  return text_of(image, "kind") == "esp" ? "" : std::to_string(count_of(image, key));
}

std::string hash_of(const Value& image) {
  const std::string hash = text_of(image, "hash");
  if (hash == "sha512") return "SHA-512";
  return hash == "md5" ? "MD5 only" : "none";
}

std::string size_of(const Value& image) {
  const auto bytes = count_of(image, "bytes");
  return bytes == 0 ? "" : human_bytes(bytes);
}

Table make_image_table(const Value& images) {
  Table table({{"INDEX", 6, 6},
               {"MAKER", 0, 8, true},
               {"TYPE", 0, 8, true},
               {"VERSION", 8},
               {"FOR", 8, 7},
               {"SIZE", 0, 3, true},
               {"HASH", 0, 5},
               {"NAME", 12, 9},
               {"ADDRESS", 20, 1}});
  for (const Value& image : images) {
    table.add({text_of(image, "index"), code_of(image, "manufacturer_code"), code_of(image, "image_type"),
               text_of(image, "version"), who_it_is_for(image), size_of(image), hash_of(image), text_of(image, "name"),
               text_of(image, "url")});
  }
  return table;
}

Json images_json(const Value& images) {
  Json list = Json::array();
  for (const Value& image : images) {
    Json one{{"index", text_of(image, "index")}, {"kind", text_of(image, "kind")},
             {"name", text_of(image, "name")},   {"version", text_of(image, "version")},
             {"url", text_of(image, "url")},     {"bytes", count_of(image, "bytes")},
             {"hash", text_of(image, "hash")},   {"provenance", text_of(image, "provenance")}};
    if (text_of(image, "kind") == "esp") {
      one["chip"] = text_of(image, "chip");
    } else {
      one["manufacturer_code"] = count_of(image, "manufacturer_code");
      one["image_type"] = count_of(image, "image_type");
      one["models"] = texts_of(image, "models");
    }
    list.push_back(std::move(one));
  }
  return list;
}

void list_images(const Program& program, const Value& images, std::uint64_t more) {
  if (program.json) return program.screen.print(document({{"images", images_json(images)}, {"more", more}}));
  if (images.empty()) {
    return program.screen.paragraph(
        "No index holds an image of which all these words are said. See: homepatchctl search");
  }
  program.screen.print(make_image_table(images).render(program.screen));
  if (more > 0) program.screen.paragraph(fmt::format("{} more were found; more words find fewer.", more));
  program.screen.paragraph(
      "Nobody signed these. To take one in, download it, compare it with what its maker publishes, then: homepatchctl "
      "import FILE --for DEV --version VERSION");
}

struct Wish {
  std::vector<std::string> words;
  ZigbeeWords zigbee;
};

Result<int> search(Program& program, const Wish& wish) {
  Bus bus = TRY(Bus::open());
  if (!wish.zigbee.codes.empty()) return match_zigbee(program, bus, wish.zigbee);
  const auto& words = wish.words;
  const Value indexes = TRY(bus.get(kRoot, kManager, "ListIndexes"));
  if (words.empty() || (indexes.empty() && !program.json)) {
    list_indexes(program, indexes);
    return kExitDone;
  }
  const Value found = TRY(bus.get(kRoot, kManager, "Search", fmt::format("{}", fmt::join(words, " "))));
  if (!found.is_array() || found.size() != 2 || !found[1].is_number()) {
    return fail(Errc::internal, "homepatchd's answer is not what was asked for");
  }
  list_images(program, found[0], found[1].get<std::uint64_t>());
  return kExitDone;
}

}  // namespace

void add_search(CLI::App& app, Program& program) {
  const auto wish = std::make_shared<Wish>();
  auto* command =
      add_command(app, program, "search", "Search the unsigned indexes for images; without words, list the indexes",
                  [&program, wish] { return search(program, *wish); });
  auto* words = command->add_option("WORDS", wish->words,
                                    "Words that must all occur: of names, models, makers' codes, versions, chips");
  add_zigbee_options(*command, wish->zigbee);
  words->excludes("--zigbee");
}

}  // namespace homepatch::cli
