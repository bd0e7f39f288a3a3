// Why a decision or an update is as it is: one stable code each, the same in database, log, D-Bus, CLI and manual.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace homepatch {

enum class Reason {
  none,
  // of a decision: nothing to do
  up_to_date,
  model_unknown,                  // the device has not said enough of itself yet
  no_catalog,                     // no enabled feed knows this model
  not_updatable,                  // the maker says that this model takes no updates
  no_image,                       // a newer release exists, but none of its images fits this hardware
  taken_back,                     // a newer release exists, but its feed took its image back
  installed_is_newest_reachable,  // newer releases exist, none can be reached from the installed one
  older_than_allowed,             // what could be offered is below the min_allowed_seq of a release that it ran
  // of a decision: the owner is asked
  new_device,
  installed_version_unknown,
  ambiguous_model,   // two enabled feeds claim this model
  hardware_unknown,  // the device does not report its hardware and the release is not for "any"
  owner_decides,     // policy asks before updating
  by_hand_only,      // the maker gives it to the owner's hands alone
  not_automatic,     // what vouches for the image is not enough to install it unasked
  last_update_failed,
  sleeps,           // battery or sleeping device
  power_not_known,  // the release asks for mains power or a charged battery, and the device does not say that it has it
  // of a decision: it will happen
  update_available,
  waits_for_slot,
  dependency_not_met,  // another model of the maker must run a newer release first
  offline,
  update_running,
  clock_not_trusted,
  feed_not_current,
  feed_not_asked,  // it may know the model, and has not been asked since that is here
  // of an update: what it waits for, or how it ended
  owner_asked,
  retry_later,
  image_not_available,  // the feed's mirrors did not give the image
  image_not_trusted,    // what the mirrors gave is not what was signed
  no_space,
  write_budget_spent,  // the cache has written its share of the day
  asleep,              // it listens only for a while after it has spoken
  transfer_refused,    // the device said no before or while taking the image
  transfer_failed,
  transfer_stalled,
  device_restarted,   // in the middle of the transfer
  identity_mismatch,  // what answers at the device's address says that it is another device
  install_refused,
  install_failed,
  not_installed,          // it still runs the version it had, and was not seen to restart
  installed_old_version,  // it came back with the version it had
  contradictory,          // the device's own words disagree
  unexpected_version,
  never_returned,
  restarts_again_and_again,
  cancelled_by_owner,
  too_many_steps,
  proven,  // the device itself proved the new image and stayed well
};

std::string_view to_string(Reason reason);
std::optional<Reason> reason_from(std::string_view text);

// One sentence for people: what it means and, where something can be done, what.
std::string_view sentence(Reason reason);

// Every reason, for tables and documents.
std::span<const Reason> all_reasons();

}  // namespace homepatch
