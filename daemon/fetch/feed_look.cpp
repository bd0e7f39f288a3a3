#include "daemon/fetch/feed_look.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.hpp"
#include "base/text.hpp"
#include "core/catalog_names.hpp"
#include "protocols/feeds/catalog_reader.hpp"
#include "protocols/feeds/deny_reader.hpp"
#include "protocols/feeds/models_reader.hpp"
#include "trust/hash.hpp"
#include "trust/tuf/time_text.hpp"

namespace homepatch {

namespace {

std::string_view vendor_of(std::string_view path) { return path.substr(0, path.find('/')); }

std::string signers(const tuf::Target& target) {
  std::string out;
  for (const auto& [role, threshold] : target.authorised_by) {
    out += fmt::format("{}{} ({} {})", out.empty() ? "" : ", ", printable(role, 60), threshold,
                       threshold == 1 ? "key" : "keys");
  }
  return out;
}

constexpr std::size_t kMaxOutOfReach = 3;  // roles, before a look ends

}  // namespace

FeedLook::FeedLook(std::string feed, const tuf::Clock& clock, Ports ports, std::function<void(Outcome)> done)
    : feed_(std::move(feed)), clock_(clock), ports_(std::move(ports)), done_(std::move(done)) {
  outcome_.may_accept = clock_.expiry == tuf::Expiry::judge;
  later(&FeedLook::begin);
}

bool FeedLook::concerns(const Catalog& catalog, const std::set<Match>& own) {
  return std::ranges::any_of(catalog.match, [&](const Match& match) { return own.contains(match); });
}

void FeedLook::later(void (FeedLook::*action)()) {
  turn_ = ports_.loop.after(Duration::zero(), [this, action] { (this->*action)(); });
}

void FeedLook::begin() {
  auto stored = [this](std::string_view role) { return ports_.store.load_metadata(feed_, role); };
  auto client = tuf::Client::open(std::move(stored), clock_);
  if (!client) return finish(fail(std::move(client).error()));
  client_.emplace(std::move(*client));
  step();
}

// Takes the client's steps until one has to wait for the source.
void FeedLook::step() {
  for (;;) {
    const auto step = client_->next();
    if (!step) {
      outcome_.may_be_elsewhere = true;
      if (stage_ != Stage::refresh) return refuse(step.error());
      outcome_.expired = client_->trusted().met_expired();
      return finish(fail(step.error()));
    }
    if (const auto* fetch = std::get_if<tuf::Fetch>(&*step)) return fetch_metadata(*fetch);
    if (std::holds_alternative<tuf::Finished>(*step)) return on_finished();
    if (auto taken = take(*step); !taken) return finish(std::move(taken));
  }
}

Status FeedLook::take(const tuf::Step& step) {
  if (const auto* store = std::get_if<tuf::Store>(&step)) {
    return ports_.store.save_metadata(feed_, store->role, store->bytes);
  }
  if (const auto* remove = std::get_if<tuf::Remove>(&step)) return ports_.store.remove_metadata(feed_, remove->role);
  return {};
}

// Only of the next root is it news that it is not there.
void FeedLook::fetch_metadata(const tuf::Fetch& fetch) {
  if (const auto known = out_of_reach_.find(fetch.role); known != out_of_reach_.end()) return refuse(known->second);
  const bool may_be_missing = fetch.role == tuf::kRoot;
  auto on_answer = [this, role = fetch.role](Result<std::string> got) {
    if (got) {
      client_->received(std::move(*got));
    } else if (got.error().code == Errc::not_found) {
      client_->missing();
    } else if (stage_ != Stage::refresh) {
      return on_out_of_reach(role, std::move(got).error());
    } else {
      return finish(fail(std::move(got).error()));
    }
    later(&FeedLook::step);
  };
  request_ = ports_.source.get("metadata/" + fetch.path, fetch.limit, may_be_missing, std::move(on_answer));
}

// Every mirror was asked for it. As with a role that cannot be believed, the others go on; it is not asked for again in
// this look, because each of its catalogs would wait as long.
void FeedLook::on_out_of_reach(const std::string& role, Error error) {
  const auto& kept = out_of_reach_.insert_or_assign(role, std::move(error).in(printable(role, 96))).first->second;
  // So many are no vendor's trouble but the way's: what else would be asked for waits as long, each by itself.
  if (out_of_reach_.size() >= kMaxOutOfReach) return finish(fail(kept));
  refuse(kept);
}

void FeedLook::on_finished() {
  switch (stage_) {
    case Stage::refresh: return on_refreshed();
    case Stage::measure: return on_measured();
    case Stage::image: return check_image();
    case Stage::models:
    case Stage::deny:
    case Stage::catalog: break;
  }
  const auto& found = client_->found();
  if (!found && stage_ == Stage::deny) return on_no_deny();
  if (!found || !found->hashes.sha256) return refuse(not_listed());
  obtain(tuf::Target(*found), stage_ == Stage::models ? feeds::kMaxModelsBytes : feeds::kMaxDenyBytes);
}

void FeedLook::on_refreshed() {
  outcome_.refreshed = true;
  outcome_.valid_until = client_->valid_until();
  look_up(Stage::deny, std::string(kDenyPath));
}

bool FeedLook::accepts_new() const { return outcome_.may_accept && client_->accepts_new(); }

// What is taken back comes first: it counts also where nothing new is accepted, or cannot be read.
void FeedLook::after_deny() {
  if (!accepts_new()) {
    return finish(
        fail(Errc::not_trusted, "reached, but the gateway's clock is not trusted, so nothing new is accepted"));
  }
  own_ = ports_.own_matches();
  look_up(Stage::models, std::string(kModelsPath));
}

Error FeedLook::not_listed() const {
  return Error{Errc::not_found, present_ + " is not among the feed's signed files, or has no SHA-256"};
}

void FeedLook::look_up(Stage stage, const std::string& path) {
  stage_ = stage;
  if (stage != Stage::image) present_ = path;
  if (auto begun = client_->begin_lookup(path); !begun) return refuse(begun.error());
  later(&FeedLook::step);
}

void FeedLook::obtain(const tuf::Target& target, std::size_t limit, std::size_t attempt) {
  if (target.length > limit) {
    return withdraw(
        Error{Errc::too_large, fmt::format("{} has {} bytes, the limit is {}", target.path, target.length, limit)});
  }
  digest_ = *target.hashes.sha256;
  const auto stored = ports_.store.document_digest(feed_, target.path);
  if (attempt == 0 && stored && *stored && **stored == digest_) {
    const auto bytes = ports_.store.load_document(feed_, target.path);
    if (bytes && *bytes) {
      is_new_ = false;
      if (auto used = use(**bytes); !used) withdraw(std::move(used).error());
      return;
    }
  }
  request_ = ports_.source.get(
      "targets/" + target.fetch_paths[attempt], target.length, attempt + 1 < target.fetch_paths.size(),
      [this, target, limit, attempt](Result<std::string> got) { on_bytes(target, limit, attempt, std::move(got)); });
}

void FeedLook::on_bytes(const tuf::Target& target, std::size_t limit, std::size_t attempt, Result<std::string> got) {
  if (!got && got.error().code == Errc::not_found && attempt + 1 < target.fetch_paths.size()) {
    return obtain(target, limit, attempt + 1);
  }
  if (!got) return refuse(std::move(got).error());
  if (auto right = tuf::check_content(*got, target.length, target.hashes); !right) {
    outcome_.may_be_elsewhere = true;
    return refuse(std::move(right).error());
  }
  is_new_ = true;
  if (auto used = use(*got); !used) withdraw(std::move(used).error());
}

Status FeedLook::use(const std::string& bytes) {
  if (stage_ == Stage::models) return use_models(bytes);
  if (stage_ == Stage::deny) return use_deny(bytes);
  return use_catalog(bytes);
}

Status FeedLook::use_models(const std::string& bytes) {
  TRY(list_documents(bytes));
  outcome_.asked = true;
  if (is_new_) TRY(ports_.store.save_document(feed_, kModelsPath, digest_, bytes));
  measure_next();
  return {};
}

// A feed need not have one, and may give it up again.
void FeedLook::on_no_deny() {
  if (!accepts_new()) return after_deny();
  ports_.shelf.deny(feed_, {});
  if (auto removed = ports_.store.remove_document(feed_, kDenyPath); !removed) return refuse(removed.error());
  after_deny();
}

Status FeedLook::use_deny(const std::string& bytes) {
  auto denied = TRY(feeds::read_deny(bytes));
  if (!accepts_new()) {
    TRY(add_denied(denied));
  } else if (is_new_) {
    TRY(ports_.store.save_document(feed_, kDenyPath, digest_, bytes));
  }
  ports_.shelf.deny(feed_, std::move(denied));
  after_deny();
  return {};
}

// Nobody can say whether this list is still the newest one. A denial only takes away, so what it names is denied, and
// what an earlier one named stays so. The first list whose date can be judged takes the place of the sum.
Status FeedLook::add_denied(CatalogShelf::Denied& denied) {
  const auto stored = TRY(ports_.store.load_document(feed_, kDenyPath));
  auto known = stored ? TRY(feeds::read_deny(*stored)) : CatalogShelf::Denied();
  const auto before = known.size();
  denied.merge(known);
  if (denied.size() == before) return {};
  const auto sum = feeds::write_deny(denied);
  if (auto readable = feeds::read_deny(sum); !readable) {
    log::warning("feed {}: what it takes back is not kept for the next start: {}", feed_, readable.error().text);
    return {};
  }
  return ports_.store.save_document(feed_, kDenyPath, sha256(sum), sum);
}

// The home's own catalogs first; then those of the same vendors.
Status FeedLook::list_documents(const std::string& models) {
  std::set<std::string> own;
  TRY(feeds::read_models(models, [&](const Match& match, std::string_view path) {
    if (own.size() < kMaxCatalogs && own_.contains(match) && ports_.speaks_for(path)) own.emplace(path);
  }));
  std::set<std::string_view> vendors;
  for (const auto& path : own) vendors.insert(vendor_of(path));
  std::set<std::string> siblings;
  TRY(feeds::read_models(models, [&](const Match&, std::string_view path) {
    if (siblings.size() < kMaxSiblings && vendors.contains(vendor_of(path)) && !own.contains(std::string(path))) {
      siblings.emplace(path);
    }
  }));
  for (const auto& path : own) documents_.push_back(Document{path, true, {}, {}});
  for (const auto& path : siblings) documents_.push_back(Document{path, false, {}, {}});
  return {};
}

void FeedLook::measure_next() {
  if (!documents_.empty()) return look_up(Stage::measure, documents_.front().path);
  drop_siblings_of_large_vendors();
  next_catalog();
}

void FeedLook::on_measured() {
  Document document = std::move(documents_.front());
  documents_.pop_front();
  if (!document.failure) document.target = client_->found();
  if (document.target) document.target->custom = nullptr;
  measured_.push_back(std::move(document));
  measure_next();
}

void FeedLook::drop_siblings_of_large_vendors() {
  std::map<std::string_view, std::uint64_t> bytes;
  for (const auto& document : measured_) {
    if (document.target) bytes[vendor_of(document.path)] += document.target->length;
  }
  for (auto& document : measured_) {
    const bool may_be_listed = document.target || document.failure;
    if (!document.own && (!may_be_listed || bytes[vendor_of(document.path)] > kWholeVendorBytes)) continue;
    outcome_.named.insert(document.path);
    documents_.push_back(std::move(document));
  }
  measured_.clear();
}

void FeedLook::next_catalog() {
  catalog_.reset();
  catalog_bytes_.clear();
  if (documents_.empty()) return finish({});
  const Document& document = documents_.front();
  stage_ = Stage::catalog;
  present_ = document.path;
  if (document.failure) return refuse(*document.failure);
  if (!document.target || !document.target->hashes.sha256) return withdraw(not_listed());
  obtain(tuf::Target(*document.target), kMaxCatalogBytes);
}

Status FeedLook::use_catalog(const std::string& bytes) {
  Catalog catalog = TRY(feeds::read_catalog(bytes, present_));
  catalog.feed = feed_;
  catalog.provenance = ports_.provenance;
  catalog.signed_by = signers(*documents_.front().target);
  catalog_ = std::move(catalog);
  catalog_bytes_ = bytes;
  images_.clear();
  for (const auto& release : catalog_->releases) {
    for (const auto& image : release.images) images_.push_back(&image);
  }
  if (images_.empty()) {
    later(&FeedLook::accept_catalog);
  } else {
    look_up(Stage::image, images_.front()->target);
  }
  return {};
}

// Every image that the catalog names must be signed for by itself, with the same length and digest.
void FeedLook::check_image() {
  const Image& image = *images_.front();
  const auto& target = client_->found();
  if (!target) return withdraw(Error{Errc::not_trusted, image.target + " is not among the feed's signed files"});
  const std::string digest = target->hashes.sha256 ? target->hashes.sha256->hex() : std::string();
  if (auto same = feeds::same_image(image, target->length, digest); !same) return withdraw(same.error());
  images_.pop_front();
  if (images_.empty()) return accept_catalog();
  look_up(Stage::image, images_.front()->target);
}

// What came by the feed itself stays so when a bundle brings it again.
Status FeedLook::save_catalog() {
  DocumentOrigin origin{catalog_->provenance, catalog_->signed_by};
  const auto before = is_new_ ? std::nullopt : TRY(ports_.store.document_origin(feed_, present_));
  if (before) origin.provenance = catalog_->provenance = std::min(origin.provenance, before->provenance);
  if (before == origin) return {};
  TRY(ports_.store.save_document(feed_, present_, digest_, catalog_bytes_, origin));
  log::info("feed {}: took in {}", feed_, present_);
  return {};
}

void FeedLook::accept_catalog() {
  if (auto saved = save_catalog(); !saved) return refuse(saved.error());
  if (const auto date = tuf::parse_time(catalog_->date)) ports_.accepted(*date);
  if (concerns(*catalog_, own_)) ports_.shelf.put(std::move(*catalog_));
  documents_.pop_front();
  later(&FeedLook::next_catalog);
}

// One bad document does not keep the others out. What was accepted of it earlier may still be installed: that a role
// cannot be had or believed now does not say that the feed gave it up.
void FeedLook::refuse(Error error) {
  if (stage_ == Stage::measure) {  // said when its turn comes
    documents_.front().failure = std::move(error);
    return on_measured();
  }
  if (!is_catalog()) return finish(fail(std::move(error).in(present_)));
  const bool lacks = ports_.partial && error.code == Errc::not_found;
  const std::string text = present_ + ": " + error.text;
  if (!lacks && documents_.front().own) complaints_.push_back(text);
  if (!lacks && !documents_.front().own) log::info("feed {}: {}, of no device here, ignoring", feed_, printable(text));
  documents_.pop_front();
  later(&FeedLook::next_catalog);
}

// What is validly signed no longer stands for what was accepted earlier: nothing is offered from it any more.
void FeedLook::withdraw(Error error) {
  const bool lacks = ports_.partial && error.code == Errc::not_found;
  if (is_catalog() && !lacks) {
    ports_.shelf.remove(feed_, present_);
    if (auto removed = ports_.store.remove_document(feed_, present_); !removed) {
      log::warning("{}, ignoring", removed.error().text);
    }
  }
  refuse(std::move(error));
}

bool FeedLook::is_catalog() const { return stage_ == Stage::catalog || stage_ == Stage::image; }

// The files of roles that the feed gave up.
void FeedLook::forget_roles() {
  std::set<std::string> roles{std::string(tuf::kRoot), std::string(tuf::kTimestamp), std::string(tuf::kSnapshot)};
  for (const auto& [name, file] : client_->trusted().snapshot()->files) {
    if (name.ends_with(".json")) roles.insert(name.substr(0, name.size() - 5));
  }
  if (auto kept = ports_.store.keep_metadata_of(feed_, roles); !kept) log::warning("{}, ignoring", kept.error().text);
}

// On a later turn, so that the owner may drop this look.
void FeedLook::finish(Status status) {
  if (status && !complaints_.empty()) status = fail(Errc::not_trusted, complaints_.front());
  if (status) forget_roles();
  outcome_.status = std::move(status);
  turn_ = ports_.loop.after(Duration::zero(), [this] {
    const auto done = std::move(done_);
    done(std::move(outcome_));
  });
}

}  // namespace homepatch
