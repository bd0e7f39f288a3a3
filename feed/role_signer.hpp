// The next file of a role, however its signatures come about: one that was prepared and signed elsewhere, one signed
// now with the keys at hand, or, where the role's keys are elsewhere and nothing changed, the one that was signed last.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "feed/keyring.hpp"
#include "feed/metadata.hpp"
#include "feed/workshop.hpp"

namespace homepatch::feed {

class RoleSigner {
 public:
  // What the role is to say, as this edition.
  using Content = std::function<nlohmann::json(const Edition&)>;

  RoleSigner(const Workshop& workshop, Time now) : workshop_(workshop), now_(now) {}

  // not_found when no key of the role is at hand, not_authorised when too few are; both say what can be done.
  Result<SignedFile> next(const RoleHolder& holder, int days, const Content& content, Keyring& keyring) const;

  // The same to be signed elsewhere: kept as pending, with no signature yet. What is pending and still says the same
  // stays, so that everybody signs the same bytes.
  Result<SignedFile> prepare(const RoleHolder& holder, int days, const Content& content) const;

 private:
  struct Prepared {
    std::optional<SignedFile> file;  // says what is wanted, and has not expired
    std::string why_not;             // for people, when next() cannot use it
  };
  [[nodiscard]] Result<Edition> edition(std::string_view role, int days) const;
  [[nodiscard]] Result<Prepared> prepared(const RoleHolder& holder, const Edition& edition,
                                          const Content& content) const;
  [[nodiscard]] Result<std::optional<SignedFile>> unchanged(const RoleHolder& holder, const Content& content) const;

  const Workshop& workshop_;
  Time now_;
};

}  // namespace homepatch::feed
