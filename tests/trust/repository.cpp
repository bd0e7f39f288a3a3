#include "tests/trust/repository.hpp"

#include <fmt/format.h>

#include "trust/hash.hpp"
#include "trust/tuf/time_text.hpp"

namespace homepatch::tuf {

using nlohmann::json;

namespace {

const std::vector<std::string> kTopLevel{"root", "timestamp", "snapshot", "targets"};

json common(const std::string& type) {
  return {{"_type", type}, {"spec_version", "1.0.31"}, {"version", 1}, {"expires", Repository::expiry()}};
}

}  // namespace

std::string Repository::expiry(int year) { return fmt::format("{}-01-01T00:00:00Z", year); }

Repository::Repository() {
  for (const auto& role : kTopLevel) contents_[role] = common(role);
  contents_["root"].update({{"consistent_snapshot", true}, {"keys", json::object()}, {"roles", json::object()}});
  contents_["timestamp"]["meta"] = {{"snapshot.json", {{"version", 1}}}};
  contents_["snapshot"]["meta"] = {{"targets.json", {{"version", 1}}}};
  contents_["targets"]["targets"] = json::object();
  for (const auto& role : kTopLevel) set_keys(role, {SigningKey::generate().value()});
  publish("targets");
  publish("snapshot");
  publish("timestamp");
  publish("root");
}

json& Repository::role_entry(const std::string& role) {
  const auto delegator = delegators_.find(role);
  if (delegator == delegators_.end()) return contents_["root"]["roles"][role];
  for (auto& entry : contents_[delegator->second]["delegations"]["roles"]) {
    if (entry["name"] == role) return entry;
  }
  throw std::logic_error("no such role: " + role);
}

json& Repository::key_table(const std::string& role) {
  const auto delegator = delegators_.find(role);
  if (delegator == delegators_.end()) return contents_["root"]["keys"];
  return contents_[delegator->second]["delegations"]["keys"];
}

void Repository::set_keys(const std::string& role, const std::vector<SigningKey>& keys, int threshold) {
  json keyids = json::array();
  for (const auto& key : keys) {
    key_table(role)[key.id()] = key.public_key();
    keyids.push_back(key.id());
  }
  auto& entry = role_entry(role);
  entry["keyids"] = keyids;
  entry["threshold"] = threshold;
  signers_[role] = keys;
}

void Repository::delegate(const std::string& delegator, const std::string& role, const std::vector<std::string>& paths,
                          bool terminating) {
  auto& delegations = contents_[delegator]["delegations"];
  if (delegations.is_null()) delegations = {{"keys", json::object()}, {"roles", json::array()}};
  delegations["roles"].push_back({{"name", role}, {"terminating", terminating}, {"paths", paths}});
  const bool known = contents_.contains(role);
  delegators_[role] = delegator;
  set_keys(role, known ? signers_[role] : std::vector{SigningKey::generate().value()});
  if (!known) {
    contents_[role] = common("targets");
    contents_[role]["targets"] = json::object();
  }
  publish(role);
}

void Repository::add_target(const std::string& role, const std::string& path, const std::string& bytes) {
  contents_[role]["targets"][path] = {{"length", bytes.size()}, {"hashes", {{"sha256", sha256(bytes).hex()}}}};
}

void Repository::list(json& meta, const std::string& role) {
  auto& entry = meta[role + ".json"];
  entry = {{"version", contents_[role]["version"]}};
  if (!with_hashes) return;
  entry["length"] = signed_[role].size();
  entry["hashes"] = {{"sha256", sha256(signed_[role]).hex()}};
}

void Repository::list_in_snapshot(const std::string& role) { list(contents_["snapshot"]["meta"], role); }
void Repository::list_in_timestamp() { list(contents_["timestamp"]["meta"], "snapshot"); }

void Repository::publish(const std::string& role) {
  const auto& content = contents_[role];
  signed_[role] = sign_envelope(content, signers_[role]).value();
  const bool versioned = role == "root" || (role != "timestamp" && contents_["root"]["consistent_snapshot"] == true);
  const auto version = versioned ? std::optional(content["version"].get<std::int64_t>()) : std::nullopt;
  files[metadata_file_name(role, version)] = tamper.contains(role) ? tamper[role](signed_[role]) : signed_[role];
}

void Repository::update(const std::string& role) {
  const auto raise = [&](const std::string& one) {
    auto& version = contents_[one]["version"];
    version = version.get<std::int64_t>() + 1;
    publish(one);
  };
  raise(role);
  if (role == "root" || role == "timestamp") return;
  if (role != "snapshot") {
    list_in_snapshot(role);
    raise("snapshot");
  }
  list_in_timestamp();
  raise("timestamp");
}

Home::Home(const Repository& repository) : clock{parse_time("2026-01-01T00:00:00Z").value(), Expiry::judge} {
  stored["root"] = repository.files.at("1.root.json");
}

Status Home::refresh(const Repository& repository) {
  client.reset();
  requests.clear();
  changes.clear();
  const auto read = [this](std::string_view role) -> Result<std::string> {
    const auto found = stored.find(std::string(role));
    if (found == stored.end()) return fail(Errc::not_found, "nothing stored");
    return found->second;
  };
  client = TRY(Client::open(read, clock, limits));
  return run(repository);
}

Result<Target> Home::find(const Repository& repository, const std::string& path) {
  requests.clear();
  changes.clear();
  TRY(client->begin_lookup(path));
  TRY(run(repository));
  if (!client->found()) return fail(Errc::not_found, "no such target");
  return *client->found();
}

Status Home::run(const Repository& repository) {
  while (true) {
    const Step step = TRY(client->next());
    if (const auto* fetch = std::get_if<Fetch>(&step)) {
      requests.push_back(fetch->path);
      const auto file = repository.files.find(fetch->path);
      if (file == repository.files.end()) {
        client->missing();
      } else {
        client->received(file->second.substr(0, fetch->limit + 1));  // a fetcher reads no further
      }
    } else if (const auto* store = std::get_if<Store>(&step)) {
      changes.push_back("store " + store->role);
      stored[store->role] = store->bytes;
    } else if (const auto* remove = std::get_if<Remove>(&step)) {
      changes.push_back("remove " + remove->role);
      stored.erase(remove->role);
    } else {
      return {};
    }
  }
}

std::int64_t Home::version(const std::string& role) const {
  const auto found = stored.find(role);
  return found == stored.end() ? 0 : json::parse(found->second)["signed"]["version"].get<std::int64_t>();
}

}  // namespace homepatch::tuf
