#include "daemon/fetch/supply.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.hpp"
#include "base/text.hpp"
#include "core/catalog_names.hpp"

namespace homepatch {

namespace {

constexpr auto kTotalLimit = std::chrono::hours(2);  // for one image
constexpr std::uint64_t kPiece = 1UL << 20;          // of an earlier part, hashed in one turn of the loop
constexpr unsigned kMaxBreaks = 20;                  // of one place's connection, each after it brought bytes

// A strong ETag, or else a date: RFC 9110 section 13.1.5 takes no weak one.
std::string validator_of(const FetchResponse& response) {
  return response.etag.starts_with('"') ? response.etag : response.last_modified;
}

// A file of another length is another file, whatever it is: the login page of a network in between, for one.
Status is_of_length(const FetchResponse& response, std::uint64_t length, const std::string& url) {
  if (!response.content_length || response.offset + *response.content_length == length) return {};
  return fail(Errc::unavailable,
              fmt::format("{} gives {} bytes where {} were signed: another file, or a network that asks for a login",
                          printable(url, 200), response.offset + *response.content_length, length));
}

}  // namespace

Supply::Wish::~Wish() { supply_.withdraw(*this); }

std::unique_ptr<Supply::Wish> Supply::want(std::string_view feed, const UpdateImage& image, Done done) {
  auto wish = std::make_unique<Wish>(*this, image.sha256, std::move(done));
  if (cache_.contains(image.sha256)) {
    answer(loop_, *wish, {});
    return wish;
  }
  auto [found, is_new] = downloads_under_way_.try_emplace(image.sha256);
  found->second.wishes.insert(wish.get());
  if (!is_new) return wish;
  if (auto begun = begin(image.sha256, found->second, image, feed); !begun) {
    downloads_under_way_.erase(found);
    answer(loop_, *wish, std::move(begun));
  }
  return wish;
}

void Supply::answer(Loop& loop, Wish& wish, Status outcome) {
  wish.answer_ = loop.after(Duration::zero(), [&wish, outcome = std::move(outcome)] {
    // The owner may destroy the wish in here.
    auto done = std::move(wish.done_);
    done(outcome);
  });
}

Status Supply::begin(const Digest& digest, Download& download, const UpdateImage& image, std::string_view feed) {
  download.places = addresses_(feed, image);
  if (feed == kLocalFeed) {
    return fail(Errc::not_found, "image " + image.sha256.brief() +
                                     " was imported by hand and is gone from the cache; there is no place to fetch it "
                                     "from: import it again (homepatchctl import FILE --for DEV --version VERSION)");
  }
  if (download.places.urls.empty()) {
    return fail(Errc::not_found, "the feed " + std::string(feed) + " is no longer in the configuration");
  }
  download.writer = TRY(cache_.begin(image.sha256, image.length));
  // Where the part came from is asked first: there its validator can say that it is still the same file.
  if (const auto& origin = download.writer->origin()) {
    auto& urls = download.places.urls;
    const auto at = std::ranges::find(urls, origin->url);
    if (at != urls.end()) std::rotate(urls.begin(), at, at + 1);
  }
  ++downloads_;
  download.next = loop_.after(Duration::zero(), [this, digest] { take_up(digest); });
  return {};
}

// What an earlier attempt left is hashed before the rest is asked for. Where nothing is missing, nobody is asked.
void Supply::take_up(const Digest& digest) {
  Download& download = downloads_under_way_.at(digest);
  const auto all = download.writer->take_up(kPiece);
  if (!all) return finish(digest, fail(all.error()));
  if (!*all) {
    download.next = loop_.after(Duration::zero(), [this, digest] { take_up(digest); });
    return;
  }
  if (download.writer->offset() < download.writer->length()) return fetch(digest);
  auto whole = download.writer->commit(loop_.now());
  if (whole || whole.error().code != Errc::not_trusted) return finish(digest, whole);
  log::info("image {}: {}", digest.brief(), whole.error().text);
  fetch(digest);
}

void Supply::fetch(const Digest& digest) {
  Download& download = downloads_under_way_.at(digest);
  const auto& origin = download.writer->origin();
  FetchRequest request;
  request.url = download.places.urls[download.place];
  request.allowed_hosts = download.places.hosts;
  request.max_bytes = download.writer->length();
  request.resume_from = download.anew ? 0 : download.writer->offset();
  if (request.resume_from > 0 && origin && origin->url == request.url) request.if_range = origin->validator;
  request.total_limit = kTotalLimit;
  download.begun_at = download.writer->offset();
  download.asked_from = request.resume_from;
  FetchEvents events;
  events.on_response = [this, digest](const FetchResponse& response) {
    return on_response(downloads_under_way_.at(digest), response);
  };
  events.on_bytes = [this, digest](std::span<const std::uint8_t> bytes) {
    return downloads_under_way_.at(digest).writer->write(bytes);
  };
  events.done = [this, digest](Result<FetchResponse> result) { on_done(digest, std::move(result)); };
  download.fetch = fetcher_.stream(std::move(request), std::move(events));
}

// The part is thrown away only now, when the whole file is on offer.
Status Supply::on_response(Download& download, const FetchResponse& response) {
  const std::string& url = download.places.urls[download.place];
  TRY(is_of_length(response, download.writer->length(), url));
  if (response.offset > 0) return {};
  if (download.writer->offset() > 0) TRY(download.writer->restart());
  download.begun_at = 0;
  download.anew = false;
  const auto validator = validator_of(response);
  if (validator.empty()) return {};
  // Without it the rest is asked for all the same, and the digest judges.
  if (auto kept = download.writer->came_from({url, validator}); !kept) log::debug("{}, ignoring", kept.error().text);
  return {};
}

void Supply::on_done(const Digest& digest, Result<FetchResponse> result) {
  Download& download = downloads_under_way_.at(digest);
  Status outcome;
  const bool whole = download.writer->offset() == download.writer->length();
  if (!result && !whole) {
    outcome = fail(std::move(result).error());
  } else {
    outcome = download.writer->commit(loop_.now());
  }
  if (outcome) return finish(digest, outcome);
  if (!goes_on(download, outcome.error())) return finish(digest, fail(*download.failure));
  log::info("image {}: {}; trying {} from byte {}", digest.brief(), printable(outcome.error().text),
            download.places.urls[download.place], download.writer->offset());
  download.next = loop_.after(Duration::zero(), [this, digest] { fetch(digest); });
}

// A broken connection goes on where it stopped, at the same place as long as that brings bytes; then at the next one.
// A server that cannot go on from the part (416, or an answer that makes no sense), and a part that did not become the
// right image, are asked for the whole once; then the next place. Everything else says nothing about the part: it
// stays. The first failure that is more than "not here" is the one that people read.
bool Supply::goes_on(Download& download, const Error& error) {
  if (!download.failure || download.failure->code == Errc::not_found) download.failure = error;
  if (error.code == Errc::no_space || error.code == Errc::io) return false;
  const bool on_the_way = error.code == Errc::unavailable || error.code == Errc::busy;
  const bool brought_bytes = download.writer->offset() > download.begun_at;
  if (on_the_way && brought_bytes && ++download.breaks <= kMaxBreaks) return true;
  const bool about_the_part =
      error.code == Errc::invalid_argument || error.code == Errc::malformed || error.code == Errc::not_trusted;
  download.anew = about_the_part && download.asked_from > 0;
  if (download.anew) return true;
  download.breaks = 0;
  return ++download.place < download.places.urls.size();
}

void Supply::finish(const Digest& digest, const Status& outcome) {
  const auto found = downloads_under_way_.find(digest);
  for (Wish* wish : found->second.wishes) answer(loop_, *wish, outcome);
  // Its fetch is inside its own callback now and goes on a later turn.
  buried_ = loop_.after(Duration::zero(), [ended = std::make_shared<FetchHandle>(std::move(found->second.fetch))] {});
  downloads_under_way_.erase(found);
}

void Supply::withdraw(Wish& wish) {
  const auto found = downloads_under_way_.find(wish.digest_);
  if (found == downloads_under_way_.end() || found->second.wishes.erase(&wish) == 0) return;
  if (found->second.wishes.empty()) downloads_under_way_.erase(found);
}

}  // namespace homepatch
