#include "daemon/fetch/image_importer.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/log.hpp"
#include "base/text.hpp"
#include "daemon/fetch/local_catalog.hpp"

namespace homepatch {

namespace {

constexpr std::size_t kReadSize = 64UL << 10;

}  // namespace

void ImageImporter::begin(UniqueFd fd, Done failed, std::function<void(ImageFacts)> read) {
  if (done_) return failed(fail(Errc::busy, "another image is being looked at; try again in a moment"));
  done_ = std::move(failed);
  read_ = std::move(read);
  fd_ = std::move(fd);
  turn_ = loop_.after(Duration::zero(), [this] {
    auto reading = ImageReading::begin(fd_.get());
    if (!reading) return finish(fail(std::move(reading).error()));
    reading_ = std::move(*reading);
    hash_piece();
  });
}

void ImageImporter::hash_piece() {
  const auto whole = reading_->step(kPiece);
  if (!whole) return finish(fail(whole.error()));
  if (!*whole) {
    turn_ = loop_.after(Duration::zero(), [this] { hash_piece(); });
    return;
  }
  ImageFacts facts = reading_->finish();
  reading_.reset();
  indexes_.each(
      [&](const IndexConfig& index, const IndexContent& content) { compare_with_index(index, content, facts); });
  const auto read = std::exchange(read_, nullptr);
  read(std::move(facts));
}

void ImageImporter::inspect(UniqueFd fd, const std::string& device, const std::string& version, Inspected done) {
  const auto failed = [done](Result<std::string> result) { done(fail(std::move(result).error())); };
  begin(std::move(fd), failed, [this, device, version, done](ImageFacts facts) {
    auto inspection = judge(std::move(facts), device, version);
    done_ = nullptr;
    fd_.reset();
    done(std::move(inspection));
  });
}

Result<const Device*> ImageImporter::device_called(const std::string& id) const {
  const auto parsed = DeviceId::parse(id);
  const Device* device = parsed ? engine_.inventory.find(*parsed) : nullptr;
  if (device == nullptr) return fail(Errc::not_found, "there is no device " + printable(id, 80));
  return device;
}

Inspection ImageImporter::judge(ImageFacts facts, const std::string& device, const std::string& version) const {
  Inspection out;
  out.facts = std::move(facts);
  if (device.empty()) return out;
  const auto found = device_called(device);
  const Status judged = found ? releases_.judge(**found, version, out.facts) : Status(fail(found.error()));
  if (!judged) out.refusal = judged.error().text;
  if (found && !own_matches(**found).empty()) {
    out.match = describe(local_match(**found));
    out.devices = releases_.same_model(**found).size();
  }
  return out;
}

void ImageImporter::import(UniqueFd fd, const std::string& device, const std::string& version,
                           const std::string& sha256, const std::string& who, Done done) {
  begin(std::move(fd), std::move(done), [this, device, version, sha256, who](ImageFacts facts) {
    who_ = who;
    if (auto taking = take(std::move(facts), device, version, sha256); !taking) finish(fail(std::move(taking).error()));
  });
}

Status ImageImporter::take(ImageFacts facts, const std::string& device, const std::string& version,
                           const std::string& sha256) {
  const auto wanted = Digest::parse(sha256);
  if (!wanted) return fail(Errc::invalid_argument, "a SHA-256 has 64 hexadecimal digits");
  if (*wanted != facts.sha256) {
    return fail(Errc::not_trusted, fmt::format("the file has SHA-256 {}, not {}: it is another one than was meant",
                                               facts.sha256.hex(), wanted->hex()));
  }
  const Device* found = TRY(device_called(device));
  TRY(releases_.judge(*found, version, facts));
  facts_ = std::move(facts);
  device_ = device;
  version_ = version;
  pin_ = cache_.pin(facts_.sha256);
  if (!cache_.contains(facts_.sha256)) {
    writer_ = TRY(cache_.begin(facts_.sha256, facts_.length));
    TRY(writer_->restart());
  }
  turn_ = loop_.after(Duration::zero(), [this] { write_piece(); });
  return {};
}

void ImageImporter::write_piece() {
  if (writer_) {
    if (auto written = write(kPiece); !written) return finish(fail(std::move(written).error()));
    if (writer_->offset() < writer_->length()) {
      turn_ = loop_.after(Duration::zero(), [this] { write_piece(); });
      return;
    }
    if (auto whole = writer_->commit(loop_.now()); !whole) return finish(fail(std::move(whole).error()));
  }
  // Meanwhile the device may have gone, or a feed may have come that speaks for it.
  const auto device = device_called(device_);
  if (!device) return finish(fail(device.error()));
  finish(releases_.add(**device, version_, facts_, who_));
}

Status ImageImporter::write(std::uint64_t bytes) {
  const std::uint64_t end = std::min(writer_->offset() + bytes, writer_->length());
  std::vector<std::uint8_t> buffer(kReadSize);
  while (writer_->offset() < end) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), end - writer_->offset()));
    const auto n = ::pread(fd_.get(), buffer.data(), wanted, static_cast<off_t>(writer_->offset()));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(errno_error("reading the image", errno));
    if (n == 0) return fail(Errc::io, "the file got shorter while it was read");
    TRY(writer_->write(std::span(buffer).first(static_cast<std::size_t>(n))));
  }
  return {};
}

void ImageImporter::finish(Result<std::string> result) {
  reading_.reset();
  read_ = nullptr;
  writer_.reset();
  pin_.reset();
  fd_.reset();
  const auto done = std::exchange(done_, nullptr);
  if (result) log::notice("{} ({})", *result, who_);
  done(std::move(result));
}

}  // namespace homepatch
