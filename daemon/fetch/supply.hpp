// Brings images into the cache: each digest once, however many updates want it. What was interrupted goes on where it
// stopped, also after a restart; the place where it began says whether its file is still the same (If-Range). A part is
// thrown away only when it is wrong, or when a server that cannot go on from it offers the whole. Verified bytes only
// enter the cache (storage/artifact_cache).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/loop.hpp"
#include "core/update.hpp"
#include "protocols/http/fetcher.hpp"
#include "storage/artifact_cache.hpp"

namespace homepatch {

class Supply {
 public:
  // Where the bytes of a feed's target may be fetched, to be tried in turn, and the hosts to which redirects may lead.
  struct Places {
    std::vector<std::string> urls;
    std::vector<std::string> hosts;
  };
  using Addresses = std::function<Places(std::string_view feed, const UpdateImage& image)>;
  using Done = std::function<void(Status)>;

  // Destroying it withdraws the wish; the last one to go stops the download, whose part is kept.
  class Wish {
   public:
    Wish(Supply& supply, Digest digest, Done done) : supply_(supply), digest_(digest), done_(std::move(done)) {}
    ~Wish();
    Wish(const Wish&) = delete;
    Wish& operator=(const Wish&) = delete;

   private:
    friend class Supply;
    Supply& supply_;
    Digest digest_;
    Done done_;
    Timer answer_;
  };

  Supply(Loop& loop, Fetcher& fetcher, ArtifactCache& cache, Addresses addresses)
      : loop_(loop), fetcher_(fetcher), cache_(cache), addresses_(std::move(addresses)) {}

  // The answer comes on a later turn, also when the image is there already.
  [[nodiscard]] std::unique_ptr<Wish> want(std::string_view feed, const UpdateImage& image, Done done);

  // Since the start.
  [[nodiscard]] std::uint64_t downloads() const { return downloads_; }

 private:
  struct Download {
    std::unique_ptr<ArtifactCache::Writer> writer;
    FetchHandle fetch;
    Places places;
    std::size_t place = 0;         // in use
    unsigned breaks = 0;           // of the connection, at this place
    std::uint64_t begun_at = 0;    // the part's end when the fetch under way began
    std::uint64_t asked_from = 0;  // by it
    bool anew = false;             // the whole is asked for; the part stays until it is offered
    std::optional<Error> failure;  // the one that tells most
    Timer next;
    std::set<Wish*> wishes;
  };

  Status begin(const Digest& digest, Download& download, const UpdateImage& image, std::string_view feed);
  void take_up(const Digest& digest);
  void fetch(const Digest& digest);
  static Status on_response(Download& download, const FetchResponse& response);
  void on_done(const Digest& digest, Result<FetchResponse> result);
  // What to do after this failure: fetch again, or nothing more.
  bool goes_on(Download& download, const Error& error);
  void finish(const Digest& digest, const Status& outcome);
  void withdraw(Wish& wish);
  static void answer(Loop& loop, Wish& wish, Status outcome);

  Loop& loop_;
  Fetcher& fetcher_;
  ArtifactCache& cache_;
  Addresses addresses_;
  std::map<Digest, Download> downloads_under_way_;
  Timer buried_;
  std::uint64_t downloads_ = 0;
};

}  // namespace homepatch
