#include "core/planner.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/core/catalog_maker.hpp"

namespace homepatch {
namespace {

Device lamp(int number = 1) {
  const std::string digits = std::to_string(100 + number);
  Device device(DeviceId::from_mac("e09806800" + digits).value(), Family::lwm2m);
  device.manufacturer = "Acme";
  device.model = "lamp";
  device.hardware = "A";
  device.version = "1.0";
  device.standing = Standing::accepted;
  device.condition = Condition::online;
  return device;
}

Device plug() {
  Device device(DeviceId::from_mac("e0980680ff6d").value(), Family::tasmota);
  device.facts = {{"chip", "ESP8266EX"}, {"image", "tasmota"}};
  return device;
}

Update ended(Phase phase, std::string release_id = "r20") {
  Update update(lamp().id, Family::lwm2m);
  update.feed = "acme";
  update.catalog = "acme.example/lamp/catalog.json";
  update.release = std::move(release_id);
  update.phase = phase;
  return update;
}

// A home with one lamp for which 2.0 is there; each test changes one thing.
struct Home {
  Device device = lamp();
  Catalog catalog = catalog_of({release("1.0", 10), release("2.0", 20)});
  std::vector<FeedState> feeds{{"acme", true, true}};
  Policy policy;
  std::optional<Update> running;
  std::optional<Update> last;
  std::optional<Update> confirmed;
  unsigned under_way = 0;

  Decision decide() {
    Case subject;
    subject.device = &device;
    if (claims(catalog, device)) subject.claims.push_back(&catalog);
    if (running) subject.running = &*running;
    if (last) subject.last = &*last;
    if (confirmed) subject.confirmed = &*confirmed;
    return plan({subject}, feeds, policy, under_way).front();
  }
};

#define EXPECT_DECISION(decision, expected_verdict, expected_reason)    \
  do {                                                                  \
    const auto& decided = (decision);                                   \
    EXPECT_EQ(to_string(decided.verdict), to_string(expected_verdict)); \
    EXPECT_EQ(to_string(decided.reason), to_string(expected_reason));   \
  } while (false)

// What can be.

TEST(Planner, OffersTheReleaseThatFits) {
  Home home;
  const auto decision = home.decide();
  EXPECT_DECISION(decision, Verdict::update, Reason::update_available);
  EXPECT_EQ(decision.device, home.device.id);
  EXPECT_EQ(decision.catalog, &home.catalog);
  ASSERT_TRUE(decision.offer);
  EXPECT_EQ(decision.offer->release->version, "2.0");
  EXPECT_EQ(decision.offer->feed, "acme");
  EXPECT_EQ(decision.offer->catalog, home.catalog.path);
  ASSERT_EQ(decision.offer->images.size(), 1U);
  EXPECT_EQ(decision.offer->images[0]->target, "fw.bin");
  EXPECT_TRUE(may_start_by_hand(decision));
}

TEST(Planner, OffersTheFirstSteppingStoneAndTellsTheWay) {
  Home home;
  home.catalog.releases = {release("1.0", 10), release("1.5", 15), from_at_least(15, release("2.0", 20))};
  const auto decision = home.decide();
  ASSERT_TRUE(decision.offer);
  EXPECT_EQ(decision.offer->release->version, "1.5");
  ASSERT_EQ(decision.offer->path.size(), 2U);
  EXPECT_EQ(decision.offer->path.back()->version, "2.0");
}

// Nothing to do.

TEST(Planner, UpToDate) {
  Home home;
  home.device.version = "2.0";
  const auto decision = home.decide();
  EXPECT_DECISION(decision, Verdict::none, Reason::up_to_date);
  EXPECT_FALSE(may_start_by_hand(decision));
}

TEST(Planner, UpToDateWhenTheNewerOneWasShippedButIsNotOffered) {
  Home home;
  home.catalog.releases.back().images.clear();
  EXPECT_DECISION(home.decide(), Verdict::none, Reason::up_to_date);
}

TEST(Planner, ModelUnknownUntilTheDeviceHasSaidEnough) {
  Home home;
  home.device.model.clear();
  EXPECT_DECISION(home.decide(), Verdict::none, Reason::model_unknown);
}

TEST(Planner, NoCatalogForWhatNobodyKnows) {
  Home home;
  home.device.model = "kettle";
  EXPECT_DECISION(home.decide(), Verdict::none, Reason::no_catalog);
}

TEST(Planner, NotUpdatableInTheMakersOwnWords) {
  Home home;
  home.catalog.updatable = false;
  home.catalog.no_update_reason = "its memory cannot be written";
  const auto decision = home.decide();
  EXPECT_DECISION(decision, Verdict::none, Reason::not_updatable);
  EXPECT_EQ(decision.detail, "its memory cannot be written");
  EXPECT_FALSE(decision.offer);
}

TEST(Planner, NotUpdatableWhereTheMakerHasNoMethodForIt) {
  Home home;
  home.catalog.method = "none";
  EXPECT_DECISION(home.decide(), Verdict::none, Reason::not_updatable);
}

TEST(Planner, WhatOnlyTheOwnersHandsCanUpdateIsNamedAndNotStarted) {
  Home home;
  home.catalog.method = "manual";
  const auto decision = home.decide();
  EXPECT_DECISION(decision, Verdict::ask, Reason::by_hand_only);
  EXPECT_EQ(decision.detail, "2.0 is there");
  EXPECT_TRUE(decision.offer);
  EXPECT_FALSE(may_start_by_hand(decision));
  home.device.version = "1.3-beta";
  EXPECT_DECISION(home.decide(), Verdict::ask, Reason::by_hand_only);
  EXPECT_FALSE(may_start_by_hand(home.decide()));
  home.device.version = "2.0";
  EXPECT_DECISION(home.decide(), Verdict::none, Reason::up_to_date);
}

TEST(Planner, NoImageForThisHardware) {
  Home home;
  home.catalog.releases.back() = only_for("B", release("2.0", 20));
  EXPECT_DECISION(home.decide(), Verdict::none, Reason::no_image);
}

TEST(Planner, InstalledIsTheNewestThatCanBeReached) {
  Home home;
  home.catalog.releases.back() = from_at_least(15, release("2.0", 20));
  EXPECT_DECISION(home.decide(), Verdict::none, Reason::installed_is_newest_reachable);
}

TEST(Planner, ADeviceProvenToRunAReleaseIsNotTakenBelowWhatThatOneAllows) {
  Home home;
  Release newest = release("3.0", 30);
  newest.min_allowed_seq = 25;
  newest.images.clear();
  home.catalog.releases.push_back(newest);
  home.confirmed = ended(Phase::confirmed, "r30");
  for (const auto* now : {"1.0", "0.9-unlisted"}) {
    home.device.version = now;
    const auto decision = home.decide();
    EXPECT_DECISION(decision, Verdict::none, Reason::older_than_allowed);
    EXPECT_FALSE(decision.offer) << now;
    EXPECT_FALSE(may_start_by_hand(decision)) << now;
  }
  home.confirmed->feed = "another";
  EXPECT_EQ(home.decide().offer->release->version, "2.0") << "another feed's numbers are not this one's";
  home.confirmed = ended(Phase::confirmed, "r30");
  home.catalog.releases.push_back(release("4.0", 40));
  EXPECT_EQ(home.decide().offer->release->version, "4.0");
}

TEST(Planner, AWayOverAReleaseBelowWhatIsAllowedIsNotGone) {
  Home home;
  Release middle = release("2.5", 25);
  middle.min_allowed_seq = 25;
  home.catalog.releases = {release("1.0", 10), release("2.0", 20), middle, from_between(15, 20, release("3.0", 30))};
  EXPECT_EQ(home.decide().offer->release->version, "2.0");
  home.confirmed = ended(Phase::confirmed, "r25");
  EXPECT_EQ(home.decide().offer->release->version, "2.5");
}

// The owner is asked.

TEST(Planner, ANewDeviceIsExplainedAndNotTouched) {
  Home home;
  home.device.standing = Standing::fresh;
  const auto decision = home.decide();
  EXPECT_DECISION(decision, Verdict::ask, Reason::new_device);
  EXPECT_TRUE(decision.offer);
  EXPECT_FALSE(may_start_by_hand(decision));
  home.policy.accept_always = true;
  EXPECT_DECISION(home.decide(), Verdict::update, Reason::update_available);
}

TEST(Planner, AVersionThatTheFeedDoesNotKnowIsTheOwnersQuestion) {
  Home home;
  home.device.version = "1.0-mine";
  const auto decision = home.decide();
  EXPECT_DECISION(decision, Verdict::ask, Reason::installed_version_unknown);
  EXPECT_EQ(decision.detail, "it runs 1.0-mine");
  EXPECT_EQ(decision.offer->release->version, "2.0");
  EXPECT_TRUE(may_start_by_hand(decision));
}

TEST(Planner, AnUnknownVersionIsOfferedOnlyWhatAsksNothingOfIt) {
  Home home;
  home.device.version = "1.0-mine";
  home.catalog.releases.push_back(from_at_least(20, release("3.0", 30)));
  EXPECT_EQ(home.decide().offer->release->version, "2.0");
  home.catalog.releases = {release("1.0", 10), from_at_least(10, release("2.0", 20))};
  home.catalog.releases.front().images.clear();
  const auto decision = home.decide();
  EXPECT_DECISION(decision, Verdict::ask, Reason::installed_version_unknown);
  EXPECT_FALSE(decision.offer);
  EXPECT_FALSE(may_start_by_hand(decision));
}

TEST(Planner, AnUnknownVersionDoesNotStandInForAccepting) {
  Home home;
  home.device.version = "1.0-mine";
  home.device.standing = Standing::fresh;
  const auto decision = home.decide();
  EXPECT_DECISION(decision, Verdict::ask, Reason::new_device);
  EXPECT_FALSE(may_start_by_hand(decision));
}

TEST(Planner, ADeviceThatHasNotSaidItsVersionGetsNoOffer) {
  Home home;
  home.device.version.clear();
  const auto decision = home.decide();
  EXPECT_DECISION(decision, Verdict::ask, Reason::installed_version_unknown);
  EXPECT_FALSE(decision.offer);
}

TEST(Planner, ADeviceLeftOnItsHelperImageCanBeRescuedByHand) {
  Home home;
  home.device.version = "2.0";
  home.device.intermediate = true;
  const auto decision = home.decide();
  EXPECT_DECISION(decision, Verdict::ask, Reason::installed_version_unknown);
  EXPECT_EQ(decision.detail, "it runs 2.0, a helper image");
  EXPECT_TRUE(may_start_by_hand(decision));
}

TEST(Planner, TwoFeedsThatClaimOneModelAreNotChosenBetween) {
  Home home;
  Catalog other = home.catalog;
  other.feed = "community";
  Case subject;
  subject.device = &home.device;
  subject.claims = {&home.catalog, &other};
  const auto decision = plan({subject}, home.feeds, home.policy, 0).front();
  EXPECT_DECISION(decision, Verdict::ask, Reason::ambiguous_model);
  EXPECT_EQ(decision.detail, "acme and community claim it");
  EXPECT_EQ(decision.catalog, nullptr);
  EXPECT_FALSE(decision.offer);
  EXPECT_FALSE(may_start_by_hand(decision));
}

TEST(Planner, HardwareThatIsNotReportedFitsOnlyWhatIsForAny) {
  Home home;
  home.device.hardware.clear();
  EXPECT_DECISION(home.decide(), Verdict::update, Reason::update_available);
  home.catalog.releases.back() = only_for("A", release("2.0", 20));
  const auto decision = home.decide();
  EXPECT_DECISION(decision, Verdict::ask, Reason::hardware_unknown);
  EXPECT_FALSE(may_start_by_hand(decision));
}

TEST(Planner, APolicyThatAsksAsks) {
  Home home;
  home.policy.automatic = false;
  const auto decision = home.decide();
  EXPECT_DECISION(decision, Verdict::ask, Reason::owner_decides);
  EXPECT_TRUE(may_start_by_hand(decision));
}

TEST(Planner, AMakerWhoWantsTheOwnerToConfirmIsHeard) {
  Home home;
  home.catalog.method = "confirm";
  EXPECT_DECISION(home.decide(), Verdict::ask, Reason::owner_decides);
}

TEST(Planner, ANewerReleaseWhoseImageWasTakenBackIsNotCalledUpToDate) {
  Home home;
  home.catalog.releases.back().images.clear();
  EXPECT_DECISION(home.decide(), Verdict::none, Reason::up_to_date);
  home.catalog.releases.back().taken_back = true;
  EXPECT_DECISION(home.decide(), Verdict::none, Reason::taken_back);
}

TEST(Planner, WhatOnlyCameByABundleIsAskedFor) {
  Home home;
  home.catalog.provenance = Provenance::signed_bundle;
  const auto decision = home.decide();
  EXPECT_DECISION(decision, Verdict::ask, Reason::not_automatic);
  EXPECT_TRUE(may_start_by_hand(decision));
}

TEST(Planner, WhatAnOperatorsServerSentGoesUnaskedOnlyWhereTheOwnerSaidSo) {
  Home home;
  home.catalog.provenance = Provenance::operator_;
  EXPECT_DECISION(home.decide(), Verdict::ask, Reason::not_automatic);
  home.policy.operator_automatic = true;
  EXPECT_DECISION(home.decide(), Verdict::update, Reason::update_available);
  home.catalog.provenance = Provenance::signed_bundle;
  EXPECT_DECISION(home.decide(), Verdict::ask, Reason::not_automatic);
}

TEST(Planner, WhatItDependsOnGoesFirst) {
  Home home;
  home.catalog.releases.back().required.components = {{"hub", 300}};
  EXPECT_EQ(models_needed(home.catalog), std::set<std::string>{"hub"});
  const auto with_hubs = [&](std::vector<std::optional<std::int64_t>> seqs) {
    Case subject;
    subject.device = &home.device;
    subject.claims = {&home.catalog};
    subject.neighbours = {{DeviceId::from_endpoint("cam").value(), "camera", 1}};
    for (const auto& seq : seqs) {
      subject.neighbours.push_back({DeviceId::from_endpoint("hub").value(), "hub", seq});
    }
    return plan({subject}, home.feeds, home.policy, 0).front();
  };
  EXPECT_DECISION(with_hubs({300}), Verdict::update, Reason::update_available);
  EXPECT_DECISION(with_hubs({300, 299}), Verdict::wait, Reason::dependency_not_met);
  const auto unknown = with_hubs({std::nullopt});
  EXPECT_DECISION(unknown, Verdict::wait, Reason::dependency_not_met);
  EXPECT_EQ(unknown.detail, "lwm2m:hub, a hub, must be updated first");
  EXPECT_FALSE(may_start_by_hand(unknown));
  const auto none = with_hubs({});
  EXPECT_DECISION(none, Verdict::ask, Reason::dependency_not_met);
  EXPECT_TRUE(may_start_by_hand(none));
}

TEST(Planner, WhatAsksForMainsOrAChargedBatteryGoesUnaskedOnlyToWhatSaysThatItHasMains) {
  for (const auto& required : {Requires{.battery_min = 30}, Requires{.mains = true}}) {
    Home home;
    home.catalog.releases.back().required = required;
    const auto decision = home.decide();
    EXPECT_DECISION(decision, Verdict::ask, Reason::power_not_known);
    EXPECT_TRUE(may_start_by_hand(decision));
    home.device.facts["power"] = "battery";
    EXPECT_DECISION(home.decide(), Verdict::ask, Reason::power_not_known);
    home.device.facts["power"] = "mains";
    EXPECT_DECISION(home.decide(), Verdict::update, Reason::update_available);
  }
}

TEST(Planner, WhatDidNotWorkIsNotRepeatedUnasked) {
  for (const auto& [phase, reason] :
       {std::pair(Phase::failed, Reason::last_update_failed), std::pair(Phase::fell_back, Reason::last_update_failed),
        std::pair(Phase::lost, Reason::last_update_failed), std::pair(Phase::cancelled, Reason::cancelled_by_owner)}) {
    Home home;
    home.last = ended(phase);
    const auto decision = home.decide();
    EXPECT_DECISION(decision, Verdict::ask, reason);
    EXPECT_TRUE(may_start_by_hand(decision));
  }
}

TEST(Planner, WhatWasTakenBackAndIsThereAgainIsNotCalledTheOwnersDeed) {
  Home home;
  home.last = ended(Phase::cancelled);
  home.last->reason = Reason::taken_back;
  EXPECT_DECISION(home.decide(), Verdict::ask, Reason::last_update_failed);
}

TEST(Planner, AFailedUpdateToAnotherReleaseDoesNotMatter) {
  Home home;
  home.last = ended(Phase::failed, "r15");
  EXPECT_DECISION(home.decide(), Verdict::update, Reason::update_available);
  home.last = ended(Phase::failed);
  home.last->feed = "community";
  EXPECT_DECISION(home.decide(), Verdict::update, Reason::update_available);
}

TEST(Planner, AConfirmedUpdateWhoseDeviceSaysTheOldVersionIsAContradiction) {
  Home home;
  home.last = ended(Phase::confirmed);
  EXPECT_DECISION(home.decide(), Verdict::ask, Reason::contradictory);
}

TEST(Planner, ASleepingDeviceIsNotUpdatedUnasked) {
  Home home;
  home.device.sleepy = true;
  const auto decision = home.decide();
  EXPECT_DECISION(decision, Verdict::ask, Reason::sleeps);
  EXPECT_TRUE(may_start_by_hand(decision));
}

// It will happen.

TEST(Planner, AnOfflineDeviceWaits) {
  for (const auto condition : {Condition::offline, Condition::unknown}) {
    Home home;
    home.device.condition = condition;
    const auto decision = home.decide();
    EXPECT_DECISION(decision, Verdict::wait, Reason::offline);
    EXPECT_TRUE(may_start_by_hand(decision));
  }
}

TEST(Planner, AnUpdateUnderWayIsLeftToItself) {
  Home home;
  home.running = ended(Phase::transferring);
  const auto decision = home.decide();
  EXPECT_DECISION(decision, Verdict::wait, Reason::update_running);
  EXPECT_FALSE(may_start_by_hand(decision));
}

TEST(Planner, WithoutATrustedClockAModelMayBeOneOfWhichNothingCouldBeAcceptedYet) {
  Home home;
  home.device.model = "kettle";
  home.feeds[0].clock_trusted = false;
  EXPECT_DECISION(home.decide(), Verdict::wait, Reason::clock_not_trusted);
}

TEST(Planner, AFeedThatIsNotCurrentMayKnowTheModelLater) {
  Home home;
  home.device.model = "kettle";
  home.feeds[0].current = false;
  EXPECT_DECISION(home.decide(), Verdict::wait, Reason::feed_not_current);
}

TEST(Planner, AFeedThatWasNotAskedYetMayKnowTheModel) {
  Home home;
  home.device.model = "kettle";
  home.feeds.push_back({"other", true, true, false});
  EXPECT_DECISION(home.decide(), Verdict::wait, Reason::feed_not_asked);
  home.feeds[1].asked = true;
  EXPECT_DECISION(home.decide(), Verdict::none, Reason::no_catalog);
}

TEST(Planner, WhatWasAcceptedMayBeInstalledWhateverTheFeedsStateIsNow) {
  for (const auto& state :
       {FeedState{"acme", false, true}, FeedState{"acme", true, false}, FeedState{"acme", true, true, false}}) {
    Home home;
    home.feeds[0] = state;
    EXPECT_DECISION(home.decide(), Verdict::update, Reason::update_available);
  }
}

// Slots.

std::vector<Decision> plan_all(const std::vector<Device>& devices, const std::vector<Catalog>& catalogs,
                               const Policy& policy, unsigned under_way = 0) {
  std::vector<Case> cases;
  for (std::size_t i = 0; i < devices.size(); ++i) {
    Case subject;
    subject.device = &devices[i];
    subject.claims = {&catalogs[i % catalogs.size()]};
    cases.push_back(subject);
  }
  return plan(cases, {{"acme", true, true}}, policy, under_way);
}

std::vector<std::size_t> chosen(const std::vector<Decision>& decisions) {
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < decisions.size(); ++i) {
    if (decisions[i].verdict == Verdict::update) places.push_back(i);
  }
  return places;
}

using Places = std::vector<std::size_t>;

TEST(PlannerSlots, NoMoreAreBegunThanThereAreSlots) {
  const std::vector<Device> devices{lamp(1), lamp(2), lamp(3), lamp(4)};
  const std::vector<Catalog> catalogs{catalog_of({release("1.0", 10), release("2.0", 20)})};
  Policy policy;
  policy.max_under_way = 3;
  const auto decisions = plan_all(devices, catalogs, policy, 1);
  EXPECT_EQ(chosen(decisions), (Places{0, 1}));
  EXPECT_DECISION(decisions[2], Verdict::wait, Reason::waits_for_slot);
  EXPECT_TRUE(decisions[2].offer);
  EXPECT_TRUE(may_start_by_hand(decisions[2]));
  EXPECT_EQ(chosen(plan_all(devices, catalogs, policy, 3)), (Places{}));
  EXPECT_EQ(chosen(plan_all(devices, catalogs, policy, 9)), (Places{}));
}

TEST(PlannerSlots, EmergenciesGoFirstThenTheMostSevere) {
  const std::vector<Device> devices{lamp(1), lamp(2), lamp(3)};
  auto plain = catalog_of({release("1.0", 10), release("2.0", 20)});
  auto severe = plain;
  severe.releases.back().severity = Severity::critical;
  auto emergency = plain;
  emergency.releases.back().emergency = true;
  const std::vector<Catalog> catalogs{plain, severe, emergency};
  Policy policy;
  policy.max_under_way = 1;
  EXPECT_EQ(chosen(plan_all(devices, catalogs, policy)), (Places{2}));
  policy.max_under_way = 2;
  EXPECT_EQ(chosen(plan_all(devices, catalogs, policy)), (Places{1, 2}));
}

TEST(PlannerSlots, AnUpdateUnderWayTakesNoneOfTheFreeSlots) {
  const std::vector<Device> devices{lamp(1), lamp(2)};
  const auto catalog = catalog_of({release("1.0", 10), release("2.0", 20)});
  const Update running = ended(Phase::transferring);
  std::vector<Case> cases(2);
  for (std::size_t i = 0; i < cases.size(); ++i) {
    cases[i].device = &devices[i];
    cases[i].claims = {&catalog};
  }
  cases[0].running = &running;
  Policy policy;
  policy.max_under_way = 2;
  EXPECT_EQ(chosen(plan(cases, {{"acme", true, true}}, policy, 1)), (Places{1}));
}

TEST(PlannerSlots, TheOrderOfTheArgumentsDecidesNothing) {
  std::vector<Device> devices;
  for (int i = 0; i < 20; ++i) devices.push_back(lamp(i));
  const std::vector<Catalog> catalogs{catalog_of({release("1.0", 10), release("2.0", 20)})};
  const auto names = [&] {
    std::vector<std::string> begun;
    const auto decisions = plan_all(devices, catalogs, Policy{});
    for (const auto place : chosen(decisions)) begun.push_back(decisions[place].device.to_string());
    std::ranges::sort(begun);
    return begun;
  };
  const auto expected = names();
  EXPECT_EQ(expected.size(), Policy{}.max_under_way);
  std::ranges::reverse(devices);
  EXPECT_EQ(names(), expected);
  std::rotate(devices.begin(), devices.begin() + 7, devices.end());
  EXPECT_EQ(names(), expected);
}

TEST(PlannerSlots, EachCaseHasItsDecisionAtItsPlace) {
  const std::vector<Device> devices{lamp(3), lamp(1), lamp(2)};
  const std::vector<Catalog> catalogs{catalog_of({release("1.0", 10)})};
  const auto decisions = plan_all(devices, catalogs, Policy{});
  ASSERT_EQ(decisions.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(decisions[i].device, devices[i].id);
  EXPECT_TRUE(plan({}, {}, Policy{}, 0).empty());
}

// Which catalog a device's own words fit.

TEST(Claims, EveryKeyMustBeExactlyWhatTheDeviceSays) {
  Catalog catalog;
  catalog.match = {Match{Family::tasmota, {{"chip", "ESP8266EX"}, {"image", "tasmota"}}}};
  EXPECT_TRUE(claims(catalog, plug()));
  Device other = plug();
  other.facts["image"] = "sensors";
  EXPECT_FALSE(claims(catalog, other));
  other.facts["image"] = "Tasmota";
  EXPECT_FALSE(claims(catalog, other));
  other.facts.erase("image");
  EXPECT_FALSE(claims(catalog, other));
}

TEST(Claims, OneOfSeveralMatchesIsEnough) {
  Catalog catalog;
  catalog.match = {Match{Family::tasmota, {{"chip", "ESP32"}, {"image", "tasmota32"}}},
                   Match{Family::tasmota, {{"chip", "ESP8266EX"}, {"image", "tasmota"}}}};
  EXPECT_TRUE(claims(catalog, plug()));
  catalog.match.clear();
  EXPECT_FALSE(claims(catalog, plug()));
}

TEST(Claims, AKeyThatNobodyKnowsRefuses) {
  Catalog catalog;
  catalog.match = {Match{Family::tasmota, {{"chip", "ESP8266EX"}, {"image", "tasmota"}, {"moon", "full"}}}};
  Device device = plug();
  EXPECT_FALSE(claims(catalog, device));
  device.facts["moon"] = "full";  // not even when a device says it
  EXPECT_FALSE(claims(catalog, device));
}

TEST(Claims, NothingAndEmptyClaimNothing) {
  Catalog catalog;
  catalog.match = {Match{Family::tasmota, {}}};
  EXPECT_FALSE(claims(catalog, plug()));
  catalog.match = {Match{Family::tasmota, {{"chip", ""}}}};
  Device silent = plug();
  silent.facts["chip"] = "";
  EXPECT_FALSE(claims(catalog, silent));
}

TEST(Claims, AnotherFamilysWordsDoNotCount) {
  const auto catalog = catalog_of({});
  Device device = lamp();
  EXPECT_TRUE(claims(catalog, device));
  device.family = Family::tasmota;
  device.facts = {{"manufacturer", "Acme"}, {"model", "lamp"}};
  EXPECT_FALSE(claims(catalog, device));
}

TEST(Claims, AnLwm2mHardwareKeyIsComparedWithTheReportedHardware) {
  Catalog catalog;
  catalog.match = {Match{Family::lwm2m, {{"manufacturer", "Acme"}, {"model", "lamp"}, {"hw", "A"}}}};
  Device device = lamp();
  EXPECT_TRUE(claims(catalog, device));
  device.hardware = "B";
  EXPECT_FALSE(claims(catalog, device));
  device.hardware.clear();
  EXPECT_FALSE(claims(catalog, device));
}

TEST(Claims, ADeviceHasSaidEnoughWhenItsFamilysKeysAreThere) {
  EXPECT_EQ(own_matches(plug()).size(), 1U);
  EXPECT_EQ(own_matches(lamp()).size(), 2U);  // with its hardware and without
  Device device = lamp();
  device.hardware.clear();
  EXPECT_EQ(own_matches(device).size(), 1U);
  device.manufacturer.clear();
  EXPECT_TRUE(own_matches(device).empty());
  device = plug();
  device.facts.erase("chip");
  EXPECT_TRUE(own_matches(device).empty());
}

TEST(Verdict, IsOneWordEach) {
  EXPECT_EQ(to_string(Verdict::none), "none");
  EXPECT_EQ(to_string(Verdict::ask), "ask");
  EXPECT_EQ(to_string(Verdict::wait), "wait");
  EXPECT_EQ(to_string(Verdict::update), "update");
}

}  // namespace
}  // namespace homepatch
