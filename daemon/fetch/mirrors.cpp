#include "daemon/fetch/mirrors.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "base/text.hpp"
#include "protocols/http/url.hpp"

namespace homepatch {

namespace {

constexpr auto kFileLimit = std::chrono::minutes(2);  // for one file of metadata or one catalog

}  // namespace

// One file, asked for at one mirror after the other.
class Mirrors::Asking final : public Request {
 public:
  Asking(Mirrors& mirrors, std::string path, std::uint64_t limit, bool may_be_missing, Done done)
      : mirrors_(mirrors),
        path_(std::move(path)),
        limit_(limit),
        may_be_missing_(may_be_missing),
        done_(std::move(done)),
        base_(mirrors.current_) {
    ask();
  }

 private:
  void ask() {
    FetchRequest request;
    request.url = mirrors_.bases_[base_] + "/" + path_;
    request.max_bytes = limit_;
    request.total_limit = kFileLimit;
    request.allowed_hosts = mirrors_.hosts_;
    fetch_ =
        mirrors_.fetcher_.fetch(std::move(request), [this](Result<FetchedBody> got) { on_answer(std::move(got)); });
  }

  void on_answer(Result<FetchedBody> got) {
    const bool answered = got || (may_be_missing_ && got.error().code == Errc::not_found);
    if (!answered && ++tried_ < mirrors_.bases_.size()) {
      log::info("{}; trying the feed's next mirror", printable(got.error().text));
      base_ = (base_ + 1) % mirrors_.bases_.size();
      ask();
      return;
    }
    if (answered) mirrors_.prefer(base_);
    const auto done = std::move(done_);  // it may drop this
    if (got) {
      done(std::move(got->bytes));
    } else {
      done(fail(std::move(got).error()));
    }
  }

  Mirrors& mirrors_;
  std::string path_;
  std::uint64_t limit_;
  bool may_be_missing_;
  Done done_;
  std::size_t base_;
  std::size_t tried_ = 0;
  FetchHandle fetch_;
};

Mirrors::Mirrors(Fetcher& fetcher, std::vector<std::string> bases, const std::vector<std::string>& more_hosts)
    : fetcher_(fetcher), bases_(std::move(bases)), hosts_(more_hosts) {
  for (const auto& base : bases_) {
    if (const auto url = parse_url(base)) hosts_.push_back(url->authority());
  }
}

std::unique_ptr<FeedSource::Request> Mirrors::get(const std::string& path, std::uint64_t limit, bool may_be_missing,
                                                  Done done) {
  return std::make_unique<Asking>(*this, path, limit, may_be_missing, std::move(done));
}

bool Mirrors::turn_away() {
  if (turned_away_ + 1 >= bases_.size()) return false;
  ++turned_away_;
  current_ = (current_ + 1) % bases_.size();
  return true;
}

std::vector<std::string> Mirrors::bases_in_turn() const {
  auto out = bases_;
  std::rotate(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(current_), out.end());
  return out;
}

std::vector<std::string> Mirrors::target_urls(std::string_view target, const Digest& sha256) const {
  const auto slash = target.rfind('/');
  const std::string folder(slash == std::string_view::npos ? std::string_view() : target.substr(0, slash + 1));
  const std::string name(slash == std::string_view::npos ? target : target.substr(slash + 1));
  const std::string place = "/targets/" + percent_encode(folder, "-._~/");
  std::vector<std::string> out;
  for (const auto& base : bases_in_turn()) out.push_back(base + place + sha256.hex() + "." + percent_encode(name));
  for (const auto& base : bases_in_turn()) out.push_back(base + place + percent_encode(name));
  return out;
}

}  // namespace homepatch
