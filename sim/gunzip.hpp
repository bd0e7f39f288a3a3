// What the ESP8266's boot loader does with a compressed image.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace homepatch::sim {

// The content of one gzip stream. malformed when it is damaged or ends early, too_large above `max_bytes`.
Result<std::string> gunzip(std::string_view packed, std::size_t max_bytes);

}  // namespace homepatch::sim
