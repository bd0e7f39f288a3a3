#include "daemon/fetch/supply.hpp"

#include "base/log.hpp"
#include "base/text.hpp"

namespace homepatch {

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
  download.urls = addresses_(feed, image);
  if (download.urls.empty()) {
    return fail(Errc::not_found, "the feed " + std::string(feed) + " is no longer in the configuration");
  }
  download.writer = TRY(cache_.begin(image.sha256, image.length));
  ++downloads_;
  fetch(digest);
  return {};
}

void Supply::fetch(const Digest& digest) {
  Download& download = downloads_under_way_.at(digest);
  FetchRequest request;
  request.url = download.urls[download.attempt];
  request.max_bytes = download.writer->length();
  request.resume_from = download.writer->offset();
  request.total_limit = std::chrono::hours(2);
  download.resumed = request.resume_from > 0;
  FetchEvents events;
  events.on_response = [this, digest](const FetchResponse& response) -> Status {
    auto& writer = *downloads_under_way_.at(digest).writer;
    return response.offset == writer.offset() ? Status() : writer.restart();
  };
  events.on_bytes = [this, digest](std::span<const std::uint8_t> bytes) {
    return downloads_under_way_.at(digest).writer->write(bytes);
  };
  events.done = [this, digest](Result<FetchResponse> result) { on_done(digest, std::move(result)); };
  download.fetch = fetcher_.stream(std::move(request), std::move(events));
}

// A part that is already whole needs no byte more; a server that cannot go on from it is asked for the whole; a part
// that does not become the right image is thrown away and fetched once more from its beginning; then the next mirror.
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
  const bool local = outcome.error().code == Errc::no_space || outcome.error().code == Errc::io;
  const bool once_more = download.resumed && !local && outcome.error().code != Errc::unavailable;
  if (!once_more && (local || download.attempt + 1 >= download.urls.size())) return finish(digest, outcome);
  log::info("image {}: {}; trying {}", digest.brief(), printable(outcome.error().text),
            once_more ? "from its beginning" : "the next address");
  if (!once_more) ++download.attempt;
  if (auto restarted = download.writer->restart(); !restarted) return finish(digest, restarted);
  download.next = loop_.after(Duration::zero(), [this, digest] { fetch(digest); });
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
