// What can go wrong, in about a dozen kinds, and a text for the person who reads it.
// Every room returns these; only programs print them. One table (exit_status, and the bus room's
// D-Bus names) turns a kind into what the outside sees.
#pragma once

#include <string>
#include <string_view>

namespace homepatch {

enum class Errc {
  invalid_argument,  // the caller (a person, a configuration file, a D-Bus client) asked for something that has no
                     // meaning
  malformed,         // foreign bytes do not have the form that their specification asks for
  not_found,
  already_exists,
  not_authorised,
  not_trusted,  // a signature, digest, version or expiry check said no
  too_large,    // a named limit was reached
  no_space,
  io,           // the operating system refused
  unavailable,  // the other side cannot be reached now; later may be better
  busy,
  unsupported,
  cancelled,
  nothing_to_do,
  internal,
};

// The spelling used in logs, D-Bus error names and JSON.
std::string_view to_string(Errc code);

struct Error {
  Errc code = Errc::internal;
  std::string text;

  // The same error, with the place where it was met put in front: "reading the catalog of acme/lamp: ...".
  [[nodiscard]] Error in(std::string_view place) &&;
};

// For the calling code's convenience: Error{code, fmt::format(...)}.
Error errno_error(std::string_view what, int error_number);

// The exit statuses of every homepatch program: 0 done, 1 failed, 2 nothing to do, 3 not found, 4 not authorised.
int exit_status(Errc code);
inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitNothingToDo = 2;
inline constexpr int kExitNotFound = 3;
inline constexpr int kExitNotAuthorised = 4;

}  // namespace homepatch
