#include "protocols/coap/message.hpp"

#include <fmt/format.h>

namespace homepatch::coap {

std::string to_string(Code value) { return fmt::format("{}.{:02}", value >> 5U, value & 0x1FU); }

}  // namespace homepatch::coap
