#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/documents.hpp"
#include "cli/words.hpp"

namespace homepatch::cli {

namespace {

std::string what_it_is(const DeviceView& d) {
  std::string maker = d.manufacturer.empty() ? "an unknown maker" : shown(d.manufacturer);
  std::string text = fmt::format("It is {} of {}", d.model.empty() ? "an unknown model" : "a " + shown(d.model), maker);
  if (!d.hardware.empty()) text += fmt::format(", hardware {}", shown(d.hardware));
  text += fmt::format(", found over {}", shown(d.family));
  if (!d.address.empty()) text += fmt::format(" at {}", shown(d.address));
  return text + fmt::format("; last heard from: {}.", ago(d.last_seen, now_millis()));
}

std::string what_it_runs(const DecisionView& d) {
  if (d.installed.empty()) return "What it runs is not known.";
  return fmt::format("It runs {}.", shown(d.installed));
}

std::string what_happens(const DecisionView& d) {
  std::string begin;
  // While an update that is proven is watched there is no target any more.
  const bool named = !d.target.empty();
  if (d.verdict == "update" && named) begin = fmt::format("It will be updated to {}.", shown(d.target));
  if (d.verdict == "wait" && named) begin = fmt::format("It will be updated to {}, but not yet.", shown(d.target));
  if (d.verdict == "ask" && !d.target.empty())
    begin = fmt::format("{} is there for it, and you are asked.", shown(d.target));
  if (d.verdict == "ask" && d.target.empty()) begin = "It is not updated by itself.";
  if (d.verdict == "none") begin = "There is nothing to install.";
  if (d.not_before > now_millis()) begin += fmt::format(" Not before {}.", local_time(d.not_before));
  return fmt::format("{}{}{} ({})", begin, begin.empty() ? "" : " ", printable(d.text, 600), shown(d.reason));
}

std::string which_way(const DecisionView& d) {
  std::string way = shown(d.installed);
  for (const std::string& version : d.path) way += fmt::format(", then {}", shown(version));
  return fmt::format("Its maker demands steps between: {}.", way);
}

std::string what_for(const DecisionView& d) {
  std::string kind = d.kind.empty() ? "" : fmt::format("{} release, ", shown(d.kind));
  if (d.emergency) kind = "an emergency, " + kind;
  const std::string severity = d.severity.empty() ? "not told" : shown(d.severity);
  std::string text = fmt::format("{} ({}severity: {})", shown(d.target), kind, severity);
  if (d.protects.empty()) return text + " names no published vulnerability that it protects against.";
  return text + fmt::format(" protects against {}.", printable(fmt::format("{}", fmt::join(d.protects, ", ")), 1000));
}

std::string what_you_can_do(const DeviceView& d, const UpdateView* update) {
  if (update != nullptr && !update->over()) {
    return fmt::format("Watch the update: homepatchctl watch; stop it: homepatchctl cancel {}", update->id);
  }
  if (d.reason == "by_hand_only") return "";
  if (d.standing == "new") return fmt::format("Accept it: homepatchctl accept {}", shown(d.id));
  const bool may_update = d.verdict == "ask" || d.verdict == "wait" || d.verdict == "update";
  if (may_update && !d.target.empty()) return fmt::format("Update it now: homepatchctl update --wait {}", shown(d.id));
  if (d.reason == "no_catalog") {
    return "Add a feed of its maker, or one you trust for it, to /etc/homepatch/homepatchd.toml, then: homepatchctl "
           "refresh";
  }
  return "";
}

// The next release, told before the owner consents to it.
void print_release(const Screen& screen, const DecisionView& d) {
  screen.paragraph(what_for(d));
  if (!d.summary.empty()) screen.paragraph("What it brings: " + printable(d.summary, 2000));
  if (!d.advisory_url.empty()) screen.paragraph("More of it: " + shown(d.advisory_url));
  screen.paragraph(trust_sentence(d.trust));
  if (const auto action = action_sentence(d.user_action); !action.empty()) screen.paragraph(action);
}

// Whether that is a matter of seconds, or somebody has to look why.
std::string not_asked_yet(Bus& bus, const DecisionView& d) {
  if (d.reason != "feed_not_asked") return "";
  const auto manager = bus.get(kRoot, kProperties, "GetAll", kManager);
  if (!manager || !manager->contains("Feeds")) return "";
  std::vector<std::string> names;
  for (const Value& feed : (*manager)["Feeds"]) {
    if (number_of(feed, "refreshed") == 0) names.push_back(shown(text_of(feed, "name")));
  }
  if (names.empty()) return "";
  return fmt::format("Never reached so far: {}. See: homepatchctl status", fmt::join(names, ", "));
}

void print(const Screen& screen, const DeviceView& device, const DecisionView& d, const UpdateView* update,
           const std::string& remark) {
  screen.line(screen.paint(Tone::strong, fmt::format("{} ({})", shown(device.title()), shown(device.id))));
  screen.paragraph(what_it_is(device));
  screen.paragraph(what_it_runs(d));
  screen.line("");
  screen.paragraph(what_happens(d));
  if (!remark.empty()) screen.paragraph(remark);
  if (d.path.size() > 1) screen.paragraph(which_way(d));
  if (!d.target.empty()) print_release(screen, d);
  screen.paragraph(support_sentence(device.support, now_millis()));
  if (!device.support.security_contact.empty()) {
    screen.paragraph("Weaknesses of it are reported to: " + shown(device.support.security_contact));
  }
  if (update != nullptr) screen.paragraph(fmt::format("Last update ({}): {}", update->id, outcome_sentence(*update)));
  const std::string deed = what_you_can_do(device, update);
  if (deed.empty()) return;
  screen.line("");
  screen.paragraph(deed);
}

Result<int> explain(Program& program, const std::string& text) {
  Bus bus = TRY(Bus::open());
  const std::string path = TRY(bus.find_device(text));
  const auto decision = DecisionView::from(TRY(bus.get(path, kDevice, "Explain")));
  if (program.json) {
    program.screen.print(document({{"explanation", to_json(decision)}}));
    return kExitDone;
  }
  const DeviceView device = TRY(read_device(bus, path));
  const auto update = read_last_update(bus, device);
  print(program.screen, device, decision, update ? &*update : nullptr, not_asked_yet(bus, decision));
  return kExitDone;
}

}  // namespace

void add_explain(CLI::App& app, Program& program) {
  const auto text = std::make_shared<std::string>();
  add_command(app, program, "explain", "Explain why a device is or is not being patched, and what would happen",
              [&program, text] { return explain(program, *text); })
      ->add_option("DEV", *text, "The device")
      ->required();
}

}  // namespace homepatch::cli
