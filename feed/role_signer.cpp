#include "feed/role_signer.hpp"

#include <fmt/format.h>

#include "feed/pending.hpp"

namespace homepatch::feed {

namespace {

// Whether the file says what is wanted, of its own version and date.
bool says(const SignedFile& file, const RoleSigner::Content& content) {
  return file.content == content(Edition{file.version, file.expires});
}

Result<SignedFile> not_here(std::string_view role, Error error) {
  if (error.code == Errc::not_found) {
    error.text += fmt::format(", or have it signed where its key is (homepatch-feed prepare {})", role);
  }
  return fail(std::move(error));
}

}  // namespace

Result<Edition> RoleSigner::edition(std::string_view role, int days) const {
  const auto last = TRY(last_signed(workshop_.metadata(), role));
  return Edition{last ? last->version + 1 : workshop_.settings().first_version, now_ + std::chrono::hours(24) * days};
}

Result<RoleSigner::Prepared> RoleSigner::prepared(const RoleHolder& holder, const Edition& edition,
                                                  const Content& content) const {
  auto file = TRY(pending(workshop_, holder.role));
  if (!file) return Prepared{};
  if (file->version != edition.version || file->expires <= now_ || !says(*file, content)) {
    return Prepared{std::nullopt, fmt::format("what was prepared of {} is not what is to be published now: prepare and "
                                              "sign it again",
                                              holder.role)};
  }
  const auto counts = TRY(count_signatures(*file, {holder}));
  if (enough(counts)) return Prepared{std::move(file), {}};
  auto why_not = fmt::format(
      "what was prepared of {} has {} of the {} signatures that it needs: homepatch-feed attach {} "
      "adds one",
      holder.role, counts.front().there, holder.threshold, holder.role);
  return Prepared{std::move(file), std::move(why_not)};
}

Result<std::optional<SignedFile>> RoleSigner::unchanged(const RoleHolder& holder, const Content& content) const {
  auto last = TRY(last_signed(workshop_.metadata(), holder.role));
  const bool fits = last && holder.role != tuf::kTimestamp && last->expires > now_ && says(*last, content) &&
                    check_signed(*last, holder).has_value();
  if (!fits) last.reset();
  return last;
}

Result<SignedFile> RoleSigner::next(const RoleHolder& holder, int days, const Content& content,
                                    Keyring& keyring) const {
  const auto wanted = TRY(edition(holder.role, days));
  auto ready = TRY(prepared(holder, wanted, content));
  if (ready.file && ready.why_not.empty()) return *std::move(ready.file);
  if (!keyring.has(holder.role)) {
    if (auto last = TRY(unchanged(holder, content))) return *std::move(last);
  }
  auto keys = keyring.of(holder.role);
  auto file = keys ? sign_role(content(wanted), *keys, holder) : not_here(holder.role, std::move(keys).error());
  if (file || ready.why_not.empty()) return file;
  return fail(std::move(file).error().in(ready.why_not));
}

Result<SignedFile> RoleSigner::prepare(const RoleHolder& holder, int days, const Content& content) const {
  const auto wanted = TRY(edition(holder.role, days));
  auto ready = TRY(prepared(holder, wanted, content));
  if (ready.file) return *std::move(ready.file);
  auto bytes = TRY(tuf::sign_envelope(content(wanted), {}));
  TRY(keep_pending(workshop_, holder.role, bytes));
  return read_signed(std::move(bytes));
}

}  // namespace homepatch::feed
