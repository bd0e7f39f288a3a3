#include "cli/update_follower.hpp"

#include <fmt/format.h>

namespace homepatch::cli {

Result<std::unique_ptr<UpdateFollower>> UpdateFollower::start(EventLoop& loop, Bus& bus,
                                                              std::function<void()> changed) {
  std::unique_ptr<UpdateFollower> follower(new UpdateFollower(bus, std::move(changed)));
  if (const int r = sd_bus_attach_event(bus.handle(), loop.handle(), SD_EVENT_PRIORITY_NORMAL); r < 0) {
    return fail(errno_error("joining the bus to the event loop", -r));
  }
  TRY(follower->subscribe());
  follower->read_all();
  return follower;
}

UpdateFollower::~UpdateFollower() {
  reading_.reset();
  matches_.clear();
  sd_bus_detach_event(bus_.handle());
}

template <UpdateFollower::Handler handler>
Status UpdateFollower::match(const std::string& rule) {
  sd_bus_slot* slot = nullptr;
  if (const int r = sd_bus_add_match(bus_.handle(), &slot, rule.c_str(), &UpdateFollower::call<handler>, this); r < 0) {
    return fail(errno_error("listening to homepatchd", -r));
  }
  matches_.emplace_back(slot);
  return {};
}

Status UpdateFollower::subscribe() {
  const std::string ours = fmt::format("type='signal',sender='{}',", kService);
  TRY(match<&UpdateFollower::on_progress>(
      fmt::format("{}path='{}',interface='{}',member='Progress'", ours, kRoot, kManager)));
  TRY(match<&UpdateFollower::on_properties>(
      fmt::format("{}path_namespace='{}',interface='{}',member='PropertiesChanged'", ours, kUpdates, kProperties)));
  TRY(match<&UpdateFollower::on_added>(
      fmt::format("{}path='{}',interface='{}',member='InterfacesAdded'", ours, kRoot, kObjectManager)));
  TRY(match<&UpdateFollower::on_removed>(
      fmt::format("{}path='{}',interface='{}',member='InterfacesRemoved'", ours, kRoot, kObjectManager)));
  TRY(match<&UpdateFollower::on_owner>(
      fmt::format("type='signal',sender='org.freedesktop.DBus',path='/org/freedesktop/DBus',interface='org.freedesktop."
                  "DBus',member='NameOwnerChanged',arg0='{}'",
                  kService)));
  // sd-bus makes this one up when the connection ends.
  TRY(match<&UpdateFollower::on_disconnected>(
      "type='signal',sender='org.freedesktop.DBus.Local',path='/org/freedesktop/DBus/Local',interface='org.freedesktop."
      "DBus.Local',member='Disconnected'"));
  return {};
}

void UpdateFollower::read_all() {
  state_ = State::reading;
  sd_bus_slot* slot = nullptr;
  const int r = sd_bus_call_method_async(bus_.handle(), &slot, kService, kRoot, kObjectManager, "GetManagedObjects",
                                         &UpdateFollower::call<&UpdateFollower::on_read>, this, "");
  if (r < 0) end_ = errno_error("asking homepatchd for its updates", -r);
  reading_.reset(slot);
}

void UpdateFollower::on_read(sd_bus_message* reply) {
  // Released first: should the reading begin anew, its slot must not be the one that is given back here.
  const Slot done = std::move(reading_);
  if (sd_bus_message_is_method_error(reply, nullptr) > 0) {
    Error error = error_from_bus(*sd_bus_message_get_error(reply));
    // Away, or gone in the middle of the answer: its return is a signal of its own.
    if (error.code == Errc::unavailable) {
      state_ = State::away;
    } else {
      end_ = std::move(error);
    }
    return changed_();
  }
  auto objects = read_value(reply);
  if (!objects) {
    end_ = std::move(objects).error();
    return changed_();
  }
  updates_.clear();
  for (UpdateView& update : Home::from(*objects).updates) updates_.emplace(update.path, std::move(update));
  state_ = State::current;
  changed_();
}

void UpdateFollower::on_progress(sd_bus_message* signal) {
  const auto figures = read_value(signal);
  if (!figures || !figures->is_array()) return;
  for (const Value& figure : *figures) {
    if (!figure.is_array() || figure.size() != 3 || !figure[1].is_number_unsigned()) continue;
    for (auto& [path, update] : updates_) {
      if (figure[0] != update.id || update.over()) continue;
      update.done = figure[1].get<std::uint64_t>();
      update.total = figure[2].get<std::uint64_t>();
    }
  }
  changed_();
}

void UpdateFollower::on_properties(sd_bus_message* signal) {
  const auto interface = read_value(signal);
  const auto changes = read_value(signal);
  const auto invalidated = read_value(signal);
  if (!interface || !changes || !invalidated || *interface != kUpdate) return;
  const auto found = updates_.find(sd_bus_message_get_path(signal));
  if (found == updates_.end() || !invalidated->empty()) {
    // A reading that is under way was answered later than this signal was sent, so it holds what is missing.
    if (state_ == State::current) read_all();
    return;
  }
  const std::string before = found->second.phase;
  found->second.change(*changes);
  // What was fetched is not yet transferred: each phase counts its bytes from the beginning.
  if (found->second.phase != before && !changes->contains("Done")) found->second.done = 0;
  changed_();
}

void UpdateFollower::on_added(sd_bus_message* signal) {
  const auto path = read_value(signal);
  const auto interfaces = read_value(signal);
  if (!path || !interfaces || !path->is_string() || !interfaces->contains(kUpdate)) return;
  const auto text = path->get<std::string>();
  updates_.insert_or_assign(text, UpdateView::from(text, interfaces->at(kUpdate)));
  changed_();
}

void UpdateFollower::on_removed(sd_bus_message* signal) {
  const auto path = read_value(signal);
  if (path && path->is_string() && updates_.erase(path->get<std::string>()) > 0) changed_();
}

void UpdateFollower::on_owner(sd_bus_message* signal) {
  const char* name = nullptr;
  const char* before = nullptr;
  const char* now = nullptr;
  if (sd_bus_message_read(signal, "sss", &name, &before, &now) < 0) return;
  if (*now != '\0') return read_all();
  reading_.reset();
  state_ = State::away;
  changed_();
}

void UpdateFollower::on_disconnected(sd_bus_message*) {
  end_ =
      Error{Errc::unavailable, "The system bus went away. The updates go on; look at them with: homepatchctl updates"};
  changed_();
}

}  // namespace homepatch::cli
