#include "protocols/feeds/bundle_writer.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "base/unique_fd.hpp"

namespace homepatch::feeds {

namespace {

namespace fs = std::filesystem;

struct FreeArchive {
  void operator()(archive* object) const noexcept { archive_write_free(object); }
};
struct FreeEntry {
  void operator()(archive_entry* object) const noexcept { archive_entry_free(object); }
};

constexpr unsigned kMode = 0644;

}  // namespace

struct BundleWriter::Open {
  fs::path path;
  fs::path part;
  UniqueFd fd;
  std::unique_ptr<archive, FreeArchive> tar;
  bool named = false;

  ~Open() {
    std::error_code ignored;
    if (!named) fs::remove(part, ignored);
  }

  [[nodiscard]] Unexpected broken(std::string_view doing) const {
    const char* why = archive_error_string(tar.get());
    const auto code = archive_errno(tar.get()) == ENOSPC ? Errc::no_space : Errc::io;
    return fail(code, fmt::format("{} {}: {}", doing, part.string(), why == nullptr ? "no reason is given" : why));
  }
};

BundleWriter::BundleWriter(std::unique_ptr<Open> open) : open_(std::move(open)) {}
BundleWriter::BundleWriter(BundleWriter&&) noexcept = default;
BundleWriter& BundleWriter::operator=(BundleWriter&&) noexcept = default;
BundleWriter::~BundleWriter() = default;

Result<BundleWriter> BundleWriter::create(const fs::path& path, std::string_view feed) {
  auto open = std::make_unique<Open>();
  open->path = path;
  open->part = path.string() + ".part";
  open->fd = UniqueFd(::open(open->part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kMode));
  if (!open->fd) return fail(errno_error(fmt::format("making {}", open->part.string()), errno));
  open->tar.reset(archive_write_new());
  archive* tar = open->tar.get();
  // ustar, with a pax header only where a name is too long for it.
  if (tar == nullptr || archive_write_set_format_pax_restricted(tar) != ARCHIVE_OK ||
      archive_write_add_filter_none(tar) != ARCHIVE_OK || archive_write_open_fd(tar, open->fd.get()) != ARCHIVE_OK) {
    return open->broken("beginning");
  }
  BundleWriter writer(std::move(open));
  const nlohmann::json head{{"homepatch_bundle", kBundleVersion}, {"feed", feed}};
  TRY(writer.add(kBundleHead, head.dump() + "\n"));
  return writer;
}

Status BundleWriter::add(std::string_view path, std::string_view bytes) {
  const std::unique_ptr<archive_entry, FreeEntry> entry(archive_entry_new());
  archive_entry_set_pathname(entry.get(), std::string(path).c_str());
  archive_entry_set_size(entry.get(), static_cast<la_int64_t>(bytes.size()));
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  archive_entry_set_perm(entry.get(), kMode);
  archive_entry_set_mtime(entry.get(), 0, 0);
  archive_entry_set_uid(entry.get(), 0);
  archive_entry_set_gid(entry.get(), 0);
  if (archive_write_header(open_->tar.get(), entry.get()) != ARCHIVE_OK) return open_->broken("writing to");
  while (!bytes.empty()) {
    const auto written = archive_write_data(open_->tar.get(), bytes.data(), bytes.size());
    if (written <= 0) return open_->broken("writing to");
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Status BundleWriter::finish() {
  if (archive_write_close(open_->tar.get()) != ARCHIVE_OK) return open_->broken("ending");
  if (::fsync(open_->fd.get()) != 0) return fail(errno_error("writing " + open_->part.string(), errno));
  std::error_code error;
  fs::rename(open_->part, open_->path, error);
  if (error) return fail(errno_error("naming " + open_->path.string(), error.value()));
  open_->named = true;
  const auto folder = open_->path.parent_path();
  return sync_folder(folder.empty() ? fs::path(".") : folder);
}

}  // namespace homepatch::feeds
