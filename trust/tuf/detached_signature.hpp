// A signature that somebody's own tool made over bytes that we wrote out: openssl, a smart card, an HSM, a cloud's key
// store. Tools differ in how they spell it; what leaves here is what TUF metadata carries, and it verifies.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace homepatch::tuf {

inline constexpr std::size_t kMaxSignatureFile = 16UL * 1024;

// Accepts the plain bytes, their hexadecimal and their Base64 (with line ends), and of an ECDSA key also r and s side
// by side as PKCS #11 gives them, beside DER. Error not_trusted when none of these is the key's signature of the
// message.
Result<std::string> read_detached_signature(const nlohmann::json& key_object, std::string_view message,
                                            std::string_view file);

}  // namespace homepatch::tuf
