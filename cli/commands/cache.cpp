#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/documents.hpp"
#include "cli/table.hpp"
#include "cli/words.hpp"

namespace homepatch::cli {

namespace {

// The daemon's words for an image's use (core/artifact_use.hpp), and what they mean for its owner.
std::string why_kept(const std::string& use) {
  if (use == "in_use") return "an update under way needs it";
  if (use == "imported") return "imported by hand: kept";
  if (use == "last_known_good") return "a device runs it: its way back";
  if (use == "security") return "newest release, closes holes";
  if (use == "feature") return "newest release";
  if (use == "superseded") return "not the newest any more; goes first";
  if (use == "unreferenced") return "no catalog names it";
  return shown(use);
}

Table make_table(const Value& images) {
  Table table({{"IMAGE", 12}, {"SIZE", 0, 5, true}, {"MODEL", 10, 6}, {"VERSION", 8, 4}, {"WHY", 12}, {"USED", 0, 2}});
  const std::int64_t now = now_millis();
  for (const Value& image : images) {
    std::string model = text_of(image, "catalog");
    if (const auto end = model.rfind('/'); end != std::string::npos) model.resize(end);
    table.add({text_of(image, "sha256").substr(0, 12), human_bytes(count_of(image, "bytes")), model,
               text_of(image, "version"), why_kept(text_of(image, "use")), ago(number_of(image, "last_used"), now)});
  }
  return table;
}

Json images_json(const Value& images) {
  Json list = Json::array();
  for (const Value& image : images) {
    list.push_back({{"sha256", text_of(image, "sha256")},
                    {"bytes", count_of(image, "bytes")},
                    {"use", text_of(image, "use")},
                    {"catalog", text_of(image, "catalog")},
                    {"version", text_of(image, "version")},
                    {"added", json_time(number_of(image, "added"))},
                    {"last_used", json_time(number_of(image, "last_used"))}});
  }
  return list;
}

Json damages_json(const Value& damages) {
  Json list = Json::array();
  for (const Value& damage : damages) {
    list.push_back({{"sha256", text_of(damage, "sha256")},
                    {"bytes", count_of(damage, "bytes")},
                    {"times", count_of(damage, "times")},
                    {"last", json_time(number_of(damage, "last"))}});
  }
  return list;
}

void say_written(const Screen& screen, std::uint64_t written, std::uint64_t budget) {
  screen.paragraph(budget == 0 ? fmt::format("{} written to flash in the last 24 hours.", human_bytes(written))
                               : fmt::format("{} of {} written to flash in the last 24 hours.", human_bytes(written),
                                             human_bytes(budget)));
}

void say_damages(const Screen& screen, const Value& damages) {
  for (const Value& damage : damages) {
    screen.paragraph(
        fmt::format("Image {} went bad here {}, last {}. It was thrown away, and is fetched anew when it is "
                    "needed.",
                    text_of(damage, "sha256").substr(0, 12), counted(count_of(damage, "times"), "time"),
                    ago(number_of(damage, "last"), now_millis())));
  }
  if (!damages.empty()) screen.paragraph("If that happens often, the flash or disk under the cache wears out.");
}

Result<int> cache(Program& program) {
  Bus bus = TRY(Bus::open());
  const Value images = TRY(bus.get(kRoot, kManager, "ListImages"));
  const Value manager = TRY(bus.get(kRoot, kProperties, "GetAll", kManager));
  const std::uint64_t used = count_of(manager, "CacheBytes");
  const std::uint64_t quota = count_of(manager, "CacheQuota");
  const std::uint64_t saved = count_of(manager, "SavedBytes");
  const std::uint64_t written = count_of(manager, "CacheWritten");
  const std::uint64_t budget = count_of(manager, "CacheWriteBudget");
  const Value damages = TRY(bus.get(kRoot, kManager, "ListDamages"));
  if (program.json) {
    program.screen.print(document({{"bytes", used},
                                   {"quota", quota},
                                   {"saved_bytes", saved},
                                   {"written_bytes", written},
                                   {"write_budget", budget},
                                   {"images", images_json(images)},
                                   {"damages", damages_json(damages)}}));
    return kExitDone;
  }
  if (!images.empty()) program.screen.print(make_table(images).render(program.screen));
  program.screen.paragraph(fmt::format("{} of {} used by {}; {} need not be fetched again since homepatchd started.",
                                       human_bytes(used), human_bytes(quota), counted(images.size(), "image"),
                                       human_bytes(saved)));
  say_written(program.screen, written, budget);
  say_damages(program.screen, damages);
  return kExitDone;
}

}  // namespace

void add_cache(CLI::App& app, Program& program) {
  add_command(app, program, "cache", "Show the images that are kept, why, what that saves, and what it wrote to flash",
              [&program] { return cache(program); });
}

}  // namespace homepatch::cli
