#include "feed/tuf_session.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <climits>
#include <filesystem>
#include <variant>

#include "base/file.hpp"
#include "base/text.hpp"
#include "base/unique_fd.hpp"

namespace homepatch::feed {

namespace {

constexpr std::size_t kMaxTargetsRole = 5'000'000;  // as python-tuf has it; repositories are made for that
constexpr auto kGrace = std::chrono::seconds(10);   // the fetcher ends its requests by itself, a little earlier

std::string_view text_of(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Status write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(errno_error("writing the target", errno));
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

// A file without its final name, gone with the object unless the name was taken from it.
struct PartFile {
  explicit PartFile(const std::string& folder) : path(folder + "/.part.XXXXXX") {
    fd = UniqueFd(::mkostemp(path.data(), O_CLOEXEC));
    if (fd) ::fchmod(fd.get(), 0644);
  }
  ~PartFile() {
    if (fd && !path.empty()) ::unlink(path.c_str());
  }
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;

  std::string path;
  UniqueFd fd;
};

// Whether the file is there with the right bytes.
bool is_there(const tuf::Target& target, const std::string& file) {
  const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat st {};
  if (!fd || ::fstat(fd.get(), &st) != 0 || !S_ISREG(st.st_mode)) return false;
  auto check = target.check();
  std::array<char, 65'536> block{};
  for (;;) {
    const auto n = ::read(fd.get(), block.data(), block.size());
    if (n < 0) return false;
    if (n == 0) return static_cast<bool>(check.finish());
    if (!check.add({block.data(), static_cast<std::size_t>(n)})) return false;
  }
}

}  // namespace

tuf::Clock system_clock() { return {std::chrono::floor<Duration>(std::chrono::system_clock::now())}; }

Result<TufSession> TufSession::open(const TufSessionOptions& options) {
  TufFolder folder(options.metadata_dir);
  tuf::Limits limits;
  limits.targets = kMaxTargetsRole;
  auto client = TRY_IN("the trusted metadata in " + options.metadata_dir,
                       tuf::Client::open(folder.reader(), system_clock(), limits));
  auto loop = TRY(EventLoop::open());
  auto fetcher = TRY(Fetcher::open(*loop, {options.ca_file}));
  return TufSession(options, std::move(folder), std::move(client), std::move(loop), std::move(fetcher));
}

Status TufSession::refresh() { return take_steps(); }

Status TufSession::take_steps() {
  for (;;) {
    const auto step = TRY(client_.next());
    if (std::holds_alternative<tuf::Finished>(step)) return {};
    if (const auto* const fetch = std::get_if<tuf::Fetch>(&step)) TRY(answer(*fetch));
    if (const auto* const store = std::get_if<tuf::Store>(&step)) TRY(folder_.store(store->role, store->bytes));
    if (const auto* const remove = std::get_if<tuf::Remove>(&step)) TRY(folder_.remove(remove->role));
  }
}

FetchRequest TufSession::request(const std::string& base, const std::string& path, std::uint64_t max_bytes) const {
  FetchRequest out;
  out.url = base.ends_with('/') ? base + path : base + "/" + path;
  out.max_bytes = max_bytes;
  out.allow_plain_http_to_wan = options_.allow_http;
  return out;
}

Status TufSession::answer(const tuf::Fetch& wanted) {
  const auto asked = request(options_.metadata_url, wanted.path, wanted.limit);
  std::optional<Result<FetchedBody>> got;
  const auto handle = fetcher_->fetch(asked, [&](Result<FetchedBody> result) { got = std::move(result); });
  loop_->run_until([&] { return got.has_value(); }, asked.total_limit + kGrace);
  if (!got) return fail(Errc::unavailable, asked.url + " did not come to an end");
  if (*got) {
    client_.received(std::move((*got)->bytes));
  } else if (got->error().code == Errc::not_found) {
    client_.missing();
  } else {
    return fail(std::move(*got).error());
  }
  return {};
}

Result<std::string> TufSession::file_for(const std::string& target_path) const {
  const auto name = percent_encode(target_path);
  if (name.size() > NAME_MAX) {
    return fail(Errc::too_large, fmt::format("the name of {} is too long for a file", printable(target_path, 120)));
  }
  return (std::filesystem::path(options_.target_dir) / name).string();
}

Status TufSession::download(const std::string& target_path) {
  TRY(client_.begin_lookup(target_path));
  TRY(take_steps());
  const auto& target = client_.found();
  if (!target) {
    return fail(Errc::not_found, fmt::format("no role of this repository lists {}", printable(target_path, 120)));
  }
  const auto file = TRY(file_for(target_path));
  return is_there(*target, file) ? Status() : bring(*target, file);
}

// Into a file beside the one that is wanted, which takes its place when all is right.
Status TufSession::bring(const tuf::Target& target, const std::string& file) {
  TRY(make_folder(options_.target_dir));
  PartFile part(options_.target_dir);
  if (!part.fd) return fail(errno_error("making a file in " + options_.target_dir, errno));
  Status brought = fail(Errc::not_found, "no address of " + printable(target.path, 120) + " is known");
  for (const auto& path : target.fetch_paths) {
    brought = receive(target, path, part.fd.get());
    if (brought || brought.error().code != Errc::not_found) break;
  }
  TRY(brought);
  if (::fsync(part.fd.get()) != 0) return fail(errno_error("syncing " + file, errno));
  if (::rename(part.path.c_str(), file.c_str()) != 0) return fail(errno_error("naming " + file, errno));
  part.path.clear();
  return sync_folder(options_.target_dir);
}

Status TufSession::receive(const tuf::Target& target, const std::string& path, int fd) {
  const auto asked = request(options_.target_base_url, path, target.length);
  auto check = target.check();
  std::optional<Result<FetchResponse>> end;
  FetchEvents events;
  events.on_bytes = [&](std::span<const std::uint8_t> bytes) -> Status {
    TRY(check.add(text_of(bytes)));
    return write_all(fd, text_of(bytes));
  };
  events.done = [&](Result<FetchResponse> result) { end = std::move(result); };
  const auto handle = fetcher_->stream(asked, std::move(events));
  loop_->run_until([&] { return end.has_value(); }, asked.total_limit + kGrace);
  if (!end) return fail(Errc::unavailable, asked.url + " did not come to an end");
  if (!*end) return fail(std::move(*end).error());
  TRY_IN(printable(target.path, 120), check.finish());
  return {};
}

}  // namespace homepatch::feed
