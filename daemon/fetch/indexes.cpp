#include "daemon/fetch/indexes.hpp"

#include <fmt/format.h>
#include <malloc.h>
#include <sys/stat.h>

#include <algorithm>
#include <random>

#include "base/file.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "protocols/http/url.hpp"
#include "storage/file_origin.hpp"

namespace homepatch {

namespace {

using std::chrono::seconds;

constexpr seconds kFirstLook{15};  // after the feeds: devices come before searches
constexpr seconds kRetry{1800};
constexpr auto kFileLimit = std::chrono::minutes(5);  // for one index
constexpr std::string_view kSuffix = ".json";
constexpr int kNotModified = 304;

std::size_t limit_of(IndexKind kind) {
  switch (kind) {
    case IndexKind::zigbee: return feeds::kMaxZigbeeIndexBytes;
    case IndexKind::esp: return feeds::kMaxEspManifestBytes;
  }
  return 0;
}

// Homes do not all come at the same moment, nor with their feeds.
seconds spread(seconds interval) {
  static std::mt19937 random{std::random_device{}()};
  return interval + seconds(std::uniform_int_distribution<std::int64_t>(0, interval.count() / 10)(random));
}

std::filesystem::path origin_of(const std::filesystem::path& file) {
  return file.string() + std::string(FileOrigin::kSuffix);
}

Time changed_at(const std::filesystem::path& file) {
  struct stat st {};
  return ::stat(file.c_str(), &st) == 0 ? Time(seconds(st.st_mtim.tv_sec)) : Time{};
}

}  // namespace

Indexes::Indexes(Loop& loop, Fetcher& fetcher, std::filesystem::path folder, std::vector<IndexConfig> configs,
                 std::chrono::seconds interval)
    : loop_(loop), fetcher_(fetcher), folder_(std::move(folder)), configs_(std::move(configs)), interval_(interval) {}

Status Indexes::start() {
  TRY(drop_strangers());
  if (fetched() == 0) return {};
  TRY(make_folder(folder_));
  later_ = loop_.after(kFirstLook, [this] { refresh({}); });
  return {};
}

Status Indexes::drop_strangers() {
  std::error_code ec;
  std::vector<std::filesystem::path> strangers;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, ec)) {
    const bool known = std::ranges::any_of(configs_, [&](const IndexConfig& index) {
      return index.file.empty() && (file_of(index) == entry.path() || origin_of(file_of(index)) == entry.path());
    });
    if (!known) strangers.push_back(entry.path());
  }
  if (ec && ec != std::errc::no_such_file_or_directory) {
    return fail(Errc::io, fmt::format("reading the folder {}: {}", folder_.string(), ec.message()));
  }
  for (const auto& stranger : strangers) std::filesystem::remove(stranger, ec);
  return {};
}

std::size_t Indexes::fetched() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(configs_, [](const IndexConfig& index) { return !index.url.empty(); }));
}

std::filesystem::path Indexes::file_of(const IndexConfig& index) const {
  return index.file.empty() ? folder_ / (index.name + std::string(kSuffix)) : index.file;
}

Result<IndexContent> Indexes::read(const IndexConfig& index) const {
  const std::string bytes = TRY(read_file(file_of(index), limit_of(index.kind)));
  return read_index(index, bytes);
}

void Indexes::each(const Visit& visit) const {
  for (const auto& index : configs_) {
    if (const auto content = read(index)) visit(index, *content);
  }
  ::malloc_trim(0);  // an index is many small texts, and the next one comes in hours
}

IndexStatus Indexes::status_of(const IndexConfig& index) const {
  IndexStatus status{
      .name = index.name, .kind = index.kind, .from = index.url.empty() ? index.file.string() : index.url};
  if (const auto look = looks_.find(index.name); look != looks_.end()) {
    status.checked = look->second.checked;
    status.failure = look->second.failure;
  }
  const auto content = read(index);
  if (content) {
    status.entries = content->entries();
    status.left_out = content->left_out();
    status.complaints = content->complaints();
    status.taken = changed_at(file_of(index));
  } else if (status.failure.empty()) {
    const bool to_come = !index.url.empty() && content.error().code == Errc::not_found;
    status.failure = to_come ? "not fetched yet" : printable(content.error().text, 500);
  }
  return status;
}

std::vector<IndexStatus> Indexes::list() const {
  std::vector<IndexStatus> out;
  for (const auto& index : configs_) out.push_back(status_of(index));
  ::malloc_trim(0);
  return out;
}

Indexes::Found Indexes::search(std::string_view words) const {
  Found found;
  each([&](const IndexConfig& index, const IndexContent& content) {
    for (auto& image : find_images(index, content, words, kMaxFound - found.images.size(), found.more)) {
      found.images.push_back(std::move(image));
    }
  });
  return found;
}

std::vector<MatchedImage> Indexes::match(const feeds::ZigbeeDevice& device) const {
  std::vector<MatchedImage> matched;
  each([&](const IndexConfig& index, const IndexContent& content) {
    const auto* zigbee = std::get_if<feeds::ZigbeeIndex>(&content.parsed);
    if (zigbee != nullptr) matched.push_back(match_image(index, *zigbee, device));
  });
  return matched;
}

void Indexes::refresh(Done done) {
  if (done) waiting_.push_back(std::move(done));
  if (under_way_) return;
  under_way_ = true;
  next_ = 0;
  complaints_.clear();
  later_.cancel();
  turn_ = loop_.after(Duration::zero(), [this] { fetch_next(); });
}

void Indexes::fetch_next() {
  while (next_ < configs_.size() && configs_[next_].url.empty()) ++next_;
  if (next_ == configs_.size()) return finish();
  const IndexConfig& index = configs_[next_++];
  FetchRequest request;
  request.url = index.url;
  request.max_bytes = limit_of(index.kind);
  request.total_limit = kFileLimit;
  request.allowed_hosts = index.hosts;
  request.if_none_match = tag_of(index);
  if (const auto url = parse_url(index.url)) request.allowed_hosts.push_back(url->authority());
  fetch_ =
      fetcher_.fetch(std::move(request), [this, &index](Result<FetchedBody> got) { on_answer(index, std::move(got)); });
}

// Of what is there, where it can be used and came from the address that is asked now.
std::string Indexes::tag_of(const IndexConfig& index) const {
  const auto origin = FileOrigin::load(file_of(index));
  return origin && origin->url == index.url && read(index) ? origin->validator : std::string();
}

void Indexes::on_answer(const IndexConfig& index, Result<FetchedBody> got) {
  const auto taken = got ? take(index, *got) : Status(fail(got.error()));
  Look& look = looks_[index.name];
  if (taken) {
    look = Look{loop_.now(), ""};
  } else {
    auto failure = printable(taken.error().text, 500);
    if (failure != look.failure) log::warning("index {}: {}", index.name, failure);
    complaints_ += fmt::format("{}index {}: {}", complaints_.empty() ? "" : "; ", index.name, failure);
    look.failure = std::move(failure);
  }
  // This fetch is inside its own callback now.
  turn_ = loop_.after(Duration::zero(), [this] { fetch_next(); });
}

// Written only when it is another one: flash wears out. The tag is never that of another file, whenever the power goes.
Status Indexes::take(const IndexConfig& index, const FetchedBody& got) {
  if (got.response.status == kNotModified) return {};
  TRY_IN("what came cannot be used, what was there is kept", read_index(index, got.bytes));
  const auto file = file_of(index);
  const auto before = read_file(file, limit_of(index.kind));
  if (!before || *before != got.bytes) {
    FileOrigin::remove(file);
    TRY(write_file_atomically(file, got.bytes, 0640));
  }
  keep_tag(index, got.response.etag);
  return {};
}

void Indexes::keep_tag(const IndexConfig& index, const std::string& tag) const {
  const auto file = file_of(index);
  const auto before = FileOrigin::load(file);
  if (before && before->url == index.url && before->validator == tag) return;
  FileOrigin::remove(file);
  if (tag.empty()) return;
  // Without it the whole is asked for, as ever.
  if (auto kept = FileOrigin{index.url, tag}.save(file); !kept) log::debug("{}, ignoring", kept.error().text);
}

void Indexes::finish() {
  under_way_ = false;
  fetch_ = FetchHandle();
  ::malloc_trim(0);
  const bool good = complaints_.empty();
  later_ = loop_.after(good ? spread(interval_) : std::min(kRetry, interval_), [this] { refresh({}); });
  for (auto& done : std::exchange(waiting_, {})) done(good ? Status() : fail(Errc::unavailable, complaints_));
}

}  // namespace homepatch
