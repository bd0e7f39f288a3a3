#include "daemon/fetch/importer.hpp"

#include <fmt/format.h>

#include <optional>

#include "base/log.hpp"
#include "base/text.hpp"
#include "daemon/fetch/bundle_source.hpp"

namespace homepatch {

namespace {

constexpr std::size_t kPiece = 256UL << 10;  // bytes of an image in one turn of the loop

// Images lie under their consistent-snapshot names: "targets/<folder>/<sha256>.<name>".
std::optional<Digest> digest_in(std::string_view name) {
  const auto file = name.substr(name.rfind('/') + 1);
  const auto digest = Digest::parse(file.substr(0, file.find('.')));
  return digest ? std::optional(*digest) : std::nullopt;
}

}  // namespace

void Importer::import(UniqueFd fd, const std::string& feed, Done done) {
  if (done_) return done(fail(Errc::busy, "another bundle is being taken in; try again when it is done"));
  done_ = std::move(done);
  if (auto begun = begin(std::move(fd), feed); !begun) finish(fail(std::move(begun).error()));
}

Status Importer::begin(UniqueFd fd, const std::string& feed) {
  candidates_.clear();
  for (const auto& known : feeds_) {
    if (feed.empty() || known->config().name == feed) candidates_.push_back(known.get());
  }
  if (candidates_.empty()) {
    return fail(Errc::not_found, feed.empty() ? "no feed is configured that could vouch for a bundle: name the maker's "
                                                "feed and its root under [[feed]] first"
                                              : "there is no feed called '" + printable(feed, 80) + "'");
  }
  bundle_ = std::make_shared<const feeds::Bundle>(TRY(feeds::read_bundle(fd.get())));
  fd_ = std::move(fd);
  refusals_.clear();
  taken_ = 0;
  taken_bytes_ = 0;
  ask_next_feed();
  return {};
}

void Importer::ask_next_feed() {
  if (candidates_.empty()) {
    return finish(fail(Errc::not_trusted, "no configured feed vouches for this bundle: " + refusals_));
  }
  Feed& feed = *candidates_.front();
  candidates_.pop_front();
  auto source = std::make_unique<BundleSource>(loop_, bundle_);
  auto begun = feed.take_in(std::move(source), [this, &feed](const Status& outcome) { on_feed(feed, outcome); });
  if (!begun) on_feed(feed, begun);
}

void Importer::on_feed(Feed& feed, const Status& outcome) {
  if (outcome) {
    accepted_by_ = feed.config().name;
    list_images(accepted_by_);
  } else {
    refusals_ += fmt::format("{}{}: {}", refusals_.empty() ? "" : "; ", feed.config().name, outcome.error().text);
  }
  turn_ = loop_.after(Duration::zero(),
                      [this, accepted = outcome.has_value()] { accepted ? take_next_image() : ask_next_feed(); });
}

// Those that a catalog of this home names.
void Importer::list_images(const std::string& feed) {
  std::map<Digest, std::uint64_t> wanted;
  for (const Catalog* catalog : shelf_.all()) {
    if (catalog->feed != feed) continue;
    for (const auto& release : catalog->releases) {
      for (const auto& image : release.images) wanted.emplace(image.sha256, image.length);
    }
  }
  images_.clear();
  for (const auto& image : bundle_->images) {
    const auto digest = digest_in(image.name);
    if (!digest || cache_.contains(*digest)) continue;
    const auto found = wanted.find(*digest);
    if (found != wanted.end() && found->second == image.size) images_.emplace_back(image, *digest);
  }
}

void Importer::take_next_image() {
  if (images_.empty()) {
    return finish(fmt::format("The feed {} vouches for the bundle. {} {} ({}) for devices of this home {} taken in.",
                              accepted_by_, taken_, taken_ == 1 ? "image" : "images", human_bytes(taken_bytes_),
                              taken_ == 1 ? "was" : "were"));
  }
  const auto& [image, digest] = images_.front();
  auto writer = cache_.begin(digest, image.size);
  if (!writer) return finish(fail(std::move(writer).error().in(image.name)));
  writer_ = std::move(*writer);
  take_piece();
}

// One piece a turn: a large image holds up neither a recall nor the devices that are being served.
void Importer::take_piece() {
  const feeds::BundleImage image = images_.front().first;
  if (auto taken = take_bytes(); !taken) return finish(fail(std::move(taken).error().in(image.name)));
  if (writer_->offset() < image.size) {
    turn_ = loop_.after(Duration::zero(), [this] { take_piece(); });
    return;
  }
  if (auto whole = writer_->commit(loop_.now()); !whole) return finish(fail(std::move(whole).error().in(image.name)));
  writer_.reset();
  images_.pop_front();
  ++taken_;
  taken_bytes_ += image.size;
  turn_ = loop_.after(Duration::zero(), [this] { take_next_image(); });
}

// What an earlier attempt left is written over.
Status Importer::take_bytes() {
  const auto bytes = TRY(feeds::read_bundle_image(fd_.get(), images_.front().first, writer_->offset(), kPiece));
  return writer_->write({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

void Importer::finish(Result<std::string> result) {
  writer_.reset();
  fd_.reset();
  bundle_.reset();
  images_.clear();
  const auto done = std::exchange(done_, nullptr);
  if (result) log::notice("{}", *result);
  done(std::move(result));
}

}  // namespace homepatch
