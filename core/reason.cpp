#include "core/reason.hpp"

#include <algorithm>
#include <array>

namespace homepatch {

namespace {

struct Row {
  Reason reason;
  std::string_view code;
  std::string_view sentence;
};

// One row a reason, in the order of the enumeration (a test holds it).
constexpr std::array kRows{
    Row{Reason::none, "none", ""},
    Row{Reason::up_to_date, "up_to_date", "It runs the newest release that fits it."},
    Row{Reason::model_unknown, "model_unknown", "It has not said enough of itself yet to know its model."},
    Row{Reason::no_catalog, "no_catalog",
        "No enabled feed knows this model. A feed of its maker, or one you trust for it, can be added to the "
        "configuration."},
    Row{Reason::not_updatable, "not_updatable", "Its maker says that this model takes no updates."},
    Row{Reason::no_image, "no_image", "A newer release exists, but the feed has no image of it for this hardware."},
    Row{Reason::taken_back, "taken_back",
        "The feed took the image of the newer release back. Nothing of it is installed; there has to be another "
        "release."},
    Row{Reason::installed_is_newest_reachable, "installed_is_newest_reachable",
        "Newer releases exist, but none may be installed from the version it has; its maker has to offer a step "
        "between."},
    Row{Reason::older_than_allowed, "older_than_allowed",
        "What its feed offers is older than its maker allows on a device that has run a newer release. Nothing is "
        "installed until the feed has a newer one."},
    Row{Reason::new_device, "new_device", "It is new here. Accept it first: homepatchctl accept."},
    Row{Reason::installed_version_unknown, "installed_version_unknown",
        "What it runs is not known to the feed, so what fits it cannot be told. You may update it yourself if you are "
        "sure."},
    Row{Reason::ambiguous_model, "ambiguous_model",
        "Two enabled feeds claim this model. Disable one of them in the configuration."},
    Row{Reason::hardware_unknown, "hardware_unknown",
        "It does not report its hardware, and the release is meant for particular hardware only."},
    Row{Reason::owner_decides, "owner_decides",
        "You, or the maker, asked that nobody updates it unasked: homepatchctl update."},
    Row{Reason::by_hand_only, "by_hand_only",
        "Its maker wants it updated by hand, as its instructions say; homepatch does not install it."},
    Row{Reason::not_automatic, "not_automatic",
        "An update came by another way than the feed itself, so you are asked. Look at what vouches for it, then "
        "install "
        "it by hand."},
    Row{Reason::last_update_failed, "last_update_failed",
        "The last update to this release did not work. Look at it (homepatchctl updates), then try again with "
        "homepatchctl update."},
    Row{Reason::sleeps, "sleeps",
        "It runs on battery or sleeps, so it is not updated unasked. Wake it and use homepatchctl update."},
    Row{Reason::power_not_known, "power_not_known",
        "The release asks for mains power or a charged battery, and the device does not say that it has it. See to it, "
        "then use homepatchctl update."},
    Row{Reason::update_available, "update_available", "An update fits and will be installed."},
    Row{Reason::waits_for_slot, "waits_for_slot",
        "It has its turn when fewer updates are under way and the device is heard from."},
    Row{Reason::dependency_not_met, "dependency_not_met",
        "Its maker wants another of your devices updated first. Look at why that one waits (homepatchctl plan)."},
    Row{Reason::offline, "offline", "It has not been heard from. An update that waits for it begins when it is back."},
    Row{Reason::update_running, "update_running", "An update is under way."},
    Row{Reason::clock_not_trusted, "clock_not_trusted",
        "The gateway does not know the time, so it cannot tell whether the feed is current. Nothing new is accepted "
        "until it does."},
    Row{Reason::feed_not_current, "feed_not_current",
        "The feed's signed statements have expired; its publisher has to renew them. Nothing new is accepted from it "
        "until then."},
    Row{Reason::feed_not_asked, "feed_not_asked",
        "A feed that may know this model has not been asked for it yet, which happens by itself within minutes. If it "
        "stays so, homepatchctl status tells why."},
    Row{Reason::owner_asked, "owner_asked", "It was asked for."},
    Row{Reason::retry_later, "retry_later", "The last attempt did not work; it will be tried again."},
    Row{Reason::image_not_available, "image_not_available", "The feed's servers did not deliver the image."},
    Row{Reason::image_not_trusted, "image_not_trusted",
        "What the feed's servers delivered is not what was signed. It was thrown away."},
    Row{Reason::no_space, "no_space", "The gateway has no room for the image. Free some, or raise the cache's quota."},
    Row{Reason::write_budget_spent, "write_budget_spent",
        "The gateway spares its flash: what it may write in a day is written. It goes on by itself; who cannot "
        "wait raises the cache's write budget."},
    Row{Reason::asleep, "asleep",
        "The device sleeps. The update goes on when the device next wakes; nothing counts against it."},
    Row{Reason::transfer_refused, "transfer_refused", "The device refused the image."},
    Row{Reason::transfer_failed, "transfer_failed", "The device did not get the whole image."},
    Row{Reason::transfer_stalled, "transfer_stalled", "The device stopped taking the image."},
    Row{Reason::device_restarted, "device_restarted", "The device restarted while it was being given the image."},
    Row{Reason::identity_mismatch, "identity_mismatch",
        "What answers in the device's name says that it is another device. Nothing was sent to it. Look at who may "
        "write to the broker."},
    Row{Reason::install_refused, "install_refused", "The device has the image but refused to install it."},
    Row{Reason::install_failed, "install_failed", "The device tried to install the image and reported a failure."},
    Row{Reason::not_installed, "not_installed",
        "The device was told to install the image, did not restart, and still runs the version it had."},
    Row{Reason::installed_old_version, "installed_old_version",
        "It restarted and came back with the version it had before."},
    Row{Reason::contradictory, "contradictory",
        "What the device reports contradicts itself. Look at the device before you try again."},
    Row{Reason::unexpected_version, "unexpected_version", "It runs a version that is neither the old nor the new one."},
    Row{Reason::never_returned, "never_returned",
        "It was given the image and did not come back in time. Look whether it has power and network."},
    Row{Reason::restarts_again_and_again, "restarts_again_and_again",
        "It runs the new version but restarts or vanishes again and again."},
    Row{Reason::cancelled_by_owner, "cancelled_by_owner",
        "It was cancelled. It begins again when you start it by hand."},
    Row{Reason::too_many_steps, "too_many_steps",
        "The update went round in circles and was ended. Please report this with the log."},
    Row{Reason::proven, "proven", "The device itself proved the new version and stayed well."},
};

constexpr auto kReasons = [] {
  std::array<Reason, kRows.size()> reasons{};
  for (std::size_t i = 0; i < kRows.size(); ++i) reasons[i] = kRows[i].reason;
  return reasons;
}();

const Row& row(Reason reason) {
  const auto index = static_cast<std::size_t>(reason);
  return index < kRows.size() ? kRows[index] : kRows[0];
}

}  // namespace

std::string_view to_string(Reason reason) { return row(reason).code; }

std::string_view sentence(Reason reason) { return row(reason).sentence; }

std::optional<Reason> reason_from(std::string_view text) {
  const auto* found = std::ranges::find(kRows, text, &Row::code);
  if (found == kRows.end()) return std::nullopt;
  return found->reason;
}

std::span<const Reason> all_reasons() { return kReasons; }

}  // namespace homepatch
