#include "storage/update_store.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/text.hpp"

namespace homepatch {

namespace {

constexpr std::string_view kColumns =
    "device, family, feed, catalog, release, from_version, to_version, images, token, asked_by, phase, reason, detail, "
    "created, phase_since, next_step, attempts, transitions, restarts, restarted, rechecking, settled, "
    "gateway_failures";

std::string images_text(const std::vector<UpdateImage>& images) {
  auto list = nlohmann::json::array();
  for (const auto& image : images) {
    list.push_back({{"component", image.component},
                    {"target", image.target},
                    {"file_name", image.file_name},
                    {"length", image.length},
                    {"sha256", image.sha256.hex()}});
  }
  return list.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string text_of(const nlohmann::json& image, const char* key) {
  const auto found = image.find(key);
  return found != image.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Result<std::vector<UpdateImage>> images_from(const std::string& text) {
  const auto list = nlohmann::json::parse(text, nullptr, false);
  if (!list.is_array()) return fail(Errc::malformed, "its images cannot be read");
  std::vector<UpdateImage> images;
  for (const auto& item : list) {
    const auto length = item.is_object() ? item.find("length") : item.end();
    if (!item.is_object() || length == item.end() || !length->is_number_unsigned()) {
      return fail(Errc::malformed, "its images cannot be read");
    }
    UpdateImage image;
    image.component = text_of(item, "component");
    image.target = text_of(item, "target");
    image.file_name = text_of(item, "file_name");
    image.length = length->get<std::uint64_t>();
    image.sha256 = TRY(Digest::parse(text_of(item, "sha256")));
    images.push_back(std::move(image));
  }
  return images;
}

void bind_fields(Statement& statement, const Update& update) {
  statement.bind(1, update.device.to_string())
      .bind(2, to_string(update.family))
      .bind(3, update.feed)
      .bind(4, update.catalog)
      .bind(5, update.release)
      .bind(6, update.from_version)
      .bind(7, update.to_version)
      .bind(8, images_text(update.images))
      .bind(9, update.token)
      .bind(10, update.asked_by)
      .bind(11, to_string(update.phase))
      .bind(12, to_string(update.reason))
      .bind(13, update.detail)
      .bind(14, to_millis(update.created))
      .bind(15, to_millis(update.phase_since))
      .bind(17, update.attempts)
      .bind(18, update.transitions)
      .bind(19, update.restarts)
      .bind(20, update.restarted ? 1 : 0)
      .bind(21, update.rechecking ? 1 : 0)
      .bind(22, update.settled ? 1 : 0)
      .bind(23, update.gateway_failures);
  if (update.next_step) {
    statement.bind(16, to_millis(*update.next_step));
  } else {
    statement.bind_null(16);
  }
}

Result<Update> update_from(const Statement& row) {
  auto device = TRY(DeviceId::parse(row.text(1)));
  const auto family = family_from(row.text(2));
  const auto phase = phase_from(row.text(11));
  const auto reason = reason_from(row.text(12));
  if (!family || !phase || !reason) return fail(Errc::malformed, "it has a word that is not known");
  Update update(std::move(device), *family);
  update.id = row.integer(0);
  update.feed = row.text(3);
  update.catalog = row.text(4);
  update.release = row.text(5);
  update.from_version = row.text(6);
  update.to_version = row.text(7);
  update.images = TRY(images_from(row.text(8)));
  update.token = row.text(9);
  update.asked_by = row.text(10);
  update.phase = *phase;
  update.reason = *reason;
  update.detail = row.text(13);
  update.created = from_millis(row.integer(14));
  update.phase_since = from_millis(row.integer(15));
  if (!row.is_null(16)) update.next_step = from_millis(row.integer(16));
  update.attempts = static_cast<unsigned>(row.integer(17));
  update.transitions = static_cast<unsigned>(row.integer(18));
  update.restarts = static_cast<unsigned>(row.integer(19));
  update.restarted = row.integer(20) != 0;
  update.rechecking = row.integer(21) != 0;
  update.settled = row.integer(22) != 0;
  update.gateway_failures = static_cast<unsigned>(row.integer(23));
  return update;
}

std::string unreadable(const Statement& row) {
  return fmt::format("update {} of {} in the database cannot be read; move the database away to begin anew",
                     row.integer(0), printable(row.text(1)));
}

}  // namespace

Result<UpdateId> UpdateStore::add(const Update& update) {
  UpdateId id = 0;
  const auto work = [&]() -> Status {
    Statement under_way =
        TRY(database_.prepare("SELECT 1 FROM updates WHERE device=? AND phase IN "
                              "('waiting','fetching','transferring','installing','confirming')"));
    under_way.bind(1, update.device.to_string());
    if (TRY(under_way.step())) {
      return fail(Errc::already_exists, "an update of " + update.device.to_string() + " is under way");
    }
    Statement insert = TRY(database_.prepare("INSERT INTO updates (" + std::string(kColumns) +
                                             ") VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) RETURNING id"));
    bind_fields(insert, update);
    if (TRY(insert.step())) id = insert.integer(0);
    insert.reset();
    return {};
  };
  TRY(database_.transact(Durability::full, work));
  return id;
}

Status UpdateStore::save(const Update& update) {
  return database_.transact(Durability::full, [&]() -> Status {
    Statement statement = TRY(database_.prepare("UPDATE updates SET (" + std::string(kColumns) +
                                                ") = (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) WHERE id=?"));
    bind_fields(statement, update);
    statement.bind(24, update.id);
    return statement.run();
  });
}

Result<std::vector<Update>> UpdateStore::load_all() {
  Statement statement = TRY(database_.prepare("SELECT id, " + std::string(kColumns) + " FROM updates ORDER BY id"));
  std::vector<Update> updates;
  while (TRY(statement.step())) {
    // Left out, it might be started a second time (I3).
    auto update = TRY_IN(unreadable(statement), update_from(statement));
    updates.push_back(std::move(update));
  }
  return updates;
}

Result<std::vector<UpdateId>> UpdateStore::trim(const DeviceId& device) {
  std::vector<UpdateId> dropped;
  const auto work = [&]() -> Status {
    Statement statement =
        TRY(database_.prepare("DELETE FROM updates WHERE device=?1 AND settled=1 AND id NOT IN "
                              "(SELECT id FROM updates WHERE device=?1 ORDER BY id DESC LIMIT ?2) RETURNING id"));
    statement.bind(1, device.to_string()).bind(2, kKeptPerDevice);
    while (TRY(statement.step())) dropped.push_back(statement.integer(0));
    return {};
  };
  TRY(database_.transact(Durability::relaxed, work));
  return dropped;
}

Status UpdateStore::forget(const DeviceId& device) {
  return database_.transact(Durability::full, [&]() -> Status {
    Statement statement = TRY(database_.prepare("DELETE FROM updates WHERE device=?"));
    statement.bind(1, device.to_string());
    return statement.run();
  });
}

}  // namespace homepatch
