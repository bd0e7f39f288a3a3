// Every phase with every event: what follows is printed as docs/update-phases.md and compared with it.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/core/document.hpp"
#include "tests/core/update_story.hpp"

namespace homepatch {
namespace {

const DeliveryFailed kAsleep{Reason::asleep, true, false, "", Story::kBegin + std::chrono::hours(2)};

struct NamedState {
  std::string_view title;
  std::string_view meaning;
  Story (*arrive)();
};

template <typename Going>
Story arrived(Going going) {
  Story story;
  going(story);
  return story;
}

const std::vector<NamedState> kStates{
    {"waiting for a slot", "Nothing has happened to the device yet.", [] { return Story(); }},
    {"waiting for the next attempt", "An attempt failed; the reason and the date of the next one are kept.",
     [] { return arrived([](Story& s) { s.to_transferring().then(DeliveryFailed{}); }); }},
    {"waiting for a sleeper",
     "It listens only for a while after it has spoken; the date is the end of its registration.",
     [] { return arrived([](Story& s) { s.to_transferring().then(kAsleep); }); }},
    {"fetching", "The image is on its way from the feed into the cache.",
     [] { return arrived([](Story& s) { s.to_fetching(); }); }},
    {"transferring", "The device is being given, or is fetching, the image.",
     [] { return arrived([](Story& s) { s.to_transferring(); }); }},
    {"transferring, on its helper image", "The device restarted into a helper image, which fetches the real one.",
     [] { return arrived([](Story& s) { s.to_transferring().then(boots_helper("2.0")); }); }},
    {"installing", "The device has the whole image; it installs and restarts.",
     [] { return arrived([](Story& s) { s.to_installing(); }); }},
    {"installing, restarted", "It was seen to restart, but did not say its version yet.",
     [] { return arrived([](Story& s) { s.to_installing().then(boots()); }); }},
    {"installing, asked", "Its time is up; it was asked for its version, in case its own word was missed.",
     [] { return arrived([](Story& s) { s.to_installing().time_passes(); }); }},
    {"confirming", "It proved the new image and must now stay well through the soak.",
     [] { return arrived([](Story& s) { s.to_soak(); }); }},
    {"confirming, after its last bearable restart", "One more restart is one too many.",
     [] {
       return arrived([](Story& s) {
         s.to_soak();
         for (unsigned i = 0; i < s.rules.max_soak_restarts; ++i) s.after(1min).then(boots(kNew));
       });
     }},
    {"confirming, asked", "The soak is over; only its live answer confirms.",
     [] { return arrived([](Story& s) { s.to_last_question(); }); }},
    {"confirming, asleep", "It slept when it was to be asked, and is asked when it wakes.",
     [] { return arrived([](Story& s) { s.to_last_question().then(kAsleep); }); }},
    {"over, not settled", "Confirmed, failed, fell_back, lost or cancelled; what was changed is being put back.",
     [] { return arrived([](Story& s) { s.to_confirmed(); }); }},
    {"over", "Nothing follows any more.", [] { return arrived([](Story& s) { s.to_confirmed().then(Settled{}); }); }},
};

struct NamedEvent {
  std::string_view title;
  UpdateEvent event;
};

const std::vector<NamedEvent> kEvents{
    {"the daemon resumes", Resume{}},
    {"its time is up", Due{}},
    {"its time is up, the device is away", Due{true}},
    {"a slot is free", SlotFree{}},
    {"the images are in the cache", ImagesReady{}},
    {"the images cannot be had now", ImagesFailed{Reason::image_not_available, true, ""}},
    {"the images are not what was signed", ImagesFailed{Reason::image_not_trusted, false, ""}},
    {"progress", Stirred{}},
    {"the device has the whole image", Transferred{}},
    {"the device took the command to install", Installing{}},
    {"the delivery failed, may be tried again", DeliveryFailed{Reason::transfer_failed, true, true, ""}},
    {"the delivery failed for good", DeliveryFailed{Reason::transfer_refused, false, true, ""}},
    {"the gateway shed the request", DeliveryFailed{Reason::transfer_failed, true, false, ""}},
    {"the device sleeps", kAsleep},
    {"the owner cancels", CancelAsked{"owner"}},
    {"its image is taken back", TakenBack{"the feed acme"}},
    {"what was changed is put back", Settled{}},
    {"device: runs the new version", says(kNew)},
    {"device: runs the new version, restarted", boots(kNew)},
    {"device: runs the new version, reports a failure", with(says(kNew), failure())},
    {"device: runs the old version", says(kOld)},
    {"device: runs the old version, restarted", boots(kOld)},
    {"device: runs the old version, restarted, reports success", with(boots(kOld), success())},
    {"device: runs a third version", says(kOther)},
    {"device: runs a helper image", says_helper("2.0")},
    {"device: runs a helper image, restarted", boots_helper("2.0")},
    {"device: restarted, says no version", boots()},
    {"device: reports a failure that may be tried again", reports(failure(true))},
    {"device: reports a failure", reports(failure(false))},
    {"device: reports success", reports(success())},
    {"device: is gone", gone()},
    {"device: is back", back()},
};

std::string_view to_string(Command command) {
  switch (command) {
    case Command::none: return "";
    case Command::fetch: return "fetch";
    case Command::transfer: return "transfer";
    case Command::install: return "install";
    case Command::inquire: return "inquire";
    case Command::settle: return "settle";
  }
  return "";
}

std::string what_follows(const Update& before, const Story& after) {
  const Update& now = after.update;
  std::vector<std::string> said;
  const bool anew = now.phase == before.phase && now.phase_since != before.phase_since;
  if (now.phase != before.phase) said.push_back("**" + std::string(to_string(now.phase)) + "**");
  if (anew) said.emplace_back("the phase begins anew");
  if (now.reason != before.reason && now.reason != Reason::none)
    said.push_back("`" + std::string(to_string(now.reason)) + "`");
  if (now.phase == before.phase && now.restarted && !before.restarted) said.emplace_back("the restart is noted");
  if (now.phase == before.phase && now.settled && !before.settled) said.emplace_back("settled");
  if (now.phase == before.phase && !anew && now.next_step && now.next_step != before.next_step) {
    said.emplace_back("its time starts anew");
  }
  if (now.attempts != before.attempts) said.emplace_back("counts as an attempt");
  if (now.gateway_failures != before.gateway_failures) said.emplace_back("counts against gateway and feed");
  if (now.restarts != before.restarts) said.emplace_back("counts as a restart");
  if (after.command != Command::none) said.push_back("*" + std::string(to_string(after.command)) + "*");
  std::string text;
  for (const auto& part : said) text += (text.empty() ? "" : ", ") + part;
  return text;
}

std::string section(const NamedState& state) {
  std::string text = "\n## " + std::string(state.title) + "\n\n" + std::string(state.meaning) + "\n\n";
  std::string rows;
  for (const auto& named : kEvents) {
    Story story = state.arrive();
    const bool asked = story.update.rechecking;
    story.after(asked ? 1s : Duration(1min));
    const Update before = story.update;
    if (std::holds_alternative<Due>(named.event)) {
      story.now = story.update.next_step.value_or(story.now);
    }
    story.then(named.event);
    const std::string follows = what_follows(before, story);
    if (!follows.empty()) rows += "| " + std::string(named.title) + " | " + follows + " |\n";
  }
  if (rows.empty()) return text + "No event changes it.\n";
  return text + "| event | what follows |\n|---|---|\n" + rows;
}

constexpr std::string_view kOpening =
    R"(<!-- Printed by tests/core/update_phases_test.cpp; HOMEPATCH_WRITE_DOCS=1 writes it. -->

# The phases of an update

`react()` in core/update.cpp, as it is. An event that is not listed changes nothing in that state. In bold the phase that
is entered, in code type the reason that is kept with it, in italics the command that the updater carries out after it has
saved the change.

The device's words are live messages, later than the beginning of the phase; older and retained ones prove nothing. Each
event is shown one minute after the state began, or one second after the device was asked.
)";

TEST(UpdatePhases, TheDocumentSaysWhatTheMachineDoes) {
  std::string text(kOpening);
  for (const auto& state : kStates) text += section(state);
  expect_document("update-phases.md", text);
}

TEST(UpdatePhases, AllEndsAreAlike) {
  for (const auto end : {Phase::failed, Phase::fell_back, Phase::lost, Phase::cancelled}) {
    for (const auto& named : kEvents) {
      Story story;
      story.to_confirmed();
      story.update.phase = end;
      story.then(named.event);
      EXPECT_EQ(story.phase(), end) << named.title;
      EXPECT_EQ(story.update.settled, std::holds_alternative<Settled>(named.event)) << named.title;
    }
  }
}

TEST(UpdatePhases, AreReadAsTheyAreWritten) {
  for (const auto phase : {Phase::waiting, Phase::fetching, Phase::transferring, Phase::installing, Phase::confirming,
                           Phase::confirmed, Phase::failed, Phase::fell_back, Phase::lost, Phase::cancelled}) {
    EXPECT_EQ(phase_from(to_string(phase)), phase);
  }
  EXPECT_FALSE(phase_from("done"));
}

TEST(UpdatePhases, OnlyThoseUnderWayHoldASlot) {
  EXPECT_FALSE(holds_slot(Phase::waiting));
  EXPECT_TRUE(holds_slot(Phase::fetching));
  EXPECT_TRUE(holds_slot(Phase::confirming));
  EXPECT_FALSE(holds_slot(Phase::confirmed));
  EXPECT_FALSE(holds_slot(Phase::cancelled));
}

}  // namespace
}  // namespace homepatch
