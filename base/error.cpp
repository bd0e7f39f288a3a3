#include "base/error.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <system_error>

namespace homepatch {

std::string_view to_string(Errc code) {
  switch (code) {
    case Errc::invalid_argument: return "invalid_argument";
    case Errc::malformed: return "malformed";
    case Errc::not_found: return "not_found";
    case Errc::already_exists: return "already_exists";
    case Errc::not_authorised: return "not_authorised";
    case Errc::not_trusted: return "not_trusted";
    case Errc::too_large: return "too_large";
    case Errc::no_space: return "no_space";
    case Errc::io: return "io";
    case Errc::unavailable: return "unavailable";
    case Errc::busy: return "busy";
    case Errc::unsupported: return "unsupported";
    case Errc::cancelled: return "cancelled";
    case Errc::nothing_to_do: return "nothing_to_do";
    case Errc::internal: return "internal";
  }
  return "internal";
}

Error Error::in(std::string_view place) && {
  text = fmt::format("{}: {}", place, text);
  return std::move(*this);
}

Error errno_error(std::string_view what, int error_number) {
  Errc code = Errc::io;
  switch (error_number) {
    case ENOENT: code = Errc::not_found; break;
    case EEXIST: code = Errc::already_exists; break;
    case EACCES:
    case EPERM: code = Errc::not_authorised; break;
    case ENOSPC:
    case EFBIG:
    case EDQUOT: code = Errc::no_space; break;
    default: break;
  }
  return Error{code, fmt::format("{}: {}", what, std::generic_category().message(error_number))};
}

int exit_status(Errc code) {
  if (code == Errc::not_found) return kExitNotFound;
  if (code == Errc::nothing_to_do) return kExitNothingToDo;
  if (code == Errc::not_authorised) return kExitNotAuthorised;
  return kExitFailed;
}

}  // namespace homepatch
