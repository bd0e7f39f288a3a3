// Unguessable names.
#pragma once

#include <cstddef>
#include <string>

namespace homepatch {

// `bytes` random bytes of the kernel (getrandom(2)) as base64url text. Ends the program when the kernel has none to
// give: nothing safe could go on.
std::string random_token(std::size_t bytes);

}  // namespace homepatch
