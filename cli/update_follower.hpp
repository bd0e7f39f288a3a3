// Follows the daemon's updates live: reads them all once, then takes in Progress and PropertiesChanged, and reads
// anew whenever the daemon comes back after a restart. Feeds whoever shows updates (update --wait, watch).
// Everything arrives in the order in which the daemon sent it: the readings are asynchronous calls on the same
// connection as the signals.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/event_loop.hpp"
#include "cli/views.hpp"

namespace homepatch::cli {

class UpdateFollower {
 public:
  using Updates = std::map<std::string, UpdateView>;  // by object path

  // `changed` is called on later turns of the loop, after each change of what is below. Loop and bus must outlive it.
  static Result<std::unique_ptr<UpdateFollower>> start(EventLoop& loop, Bus& bus, std::function<void()> changed);
  ~UpdateFollower();
  UpdateFollower(const UpdateFollower&) = delete;
  UpdateFollower& operator=(const UpdateFollower&) = delete;

  [[nodiscard]] const Updates& updates() const { return updates_; }
  // What is in updates() is the whole truth: false before the first reading and while the daemon is away.
  [[nodiscard]] bool current() const { return state_ == State::current; }
  [[nodiscard]] bool daemon_away() const { return state_ == State::away; }
  // Set when nothing more can come: the bus itself is gone, or the daemon refuses to be read.
  [[nodiscard]] const std::optional<Error>& end() const { return end_; }

 private:
  enum class State { away, reading, current };
  struct Unref {
    void operator()(sd_bus_slot* slot) const { sd_bus_slot_unref(slot); }
  };
  using Slot = std::unique_ptr<sd_bus_slot, Unref>;
  using Handler = void (UpdateFollower::*)(sd_bus_message*);

  UpdateFollower(Bus& bus, std::function<void()> changed) : bus_(bus), changed_(std::move(changed)) {}

  template <Handler handler>
  static int call(sd_bus_message* message, void* userdata, sd_bus_error*) noexcept {
    (static_cast<UpdateFollower*>(userdata)->*handler)(message);
    return 0;
  }
  template <Handler handler>
  Status match(const std::string& rule);
  Status subscribe();
  void read_all();

  void on_read(sd_bus_message* reply);
  void on_progress(sd_bus_message* signal);
  void on_properties(sd_bus_message* signal);
  void on_added(sd_bus_message* signal);
  void on_removed(sd_bus_message* signal);
  void on_owner(sd_bus_message* signal);
  void on_disconnected(sd_bus_message* signal);

  Bus& bus_;
  std::function<void()> changed_;
  State state_ = State::reading;
  Updates updates_;
  std::optional<Error> end_;
  std::vector<Slot> matches_;
  Slot reading_;
};

}  // namespace homepatch::cli
