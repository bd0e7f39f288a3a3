// The OtaUrl that a Tasmota device keeps in its flash: which one it can be given, and whose the one is that it has.
#pragma once

#include <string_view>

#include "core/delivery.hpp"

namespace homepatch::mqtt::tasmota {

inline constexpr std::size_t kMaxOtaUrl = 100;                       // characters that the device keeps
inline constexpr std::string_view kCompiledDefault = "1";            // the payload that brings back its own
inline constexpr std::string_view kOtaUrlBefore = "ota_url_before";  // fact: the owner's value, to be put back
inline constexpr std::string_view kOtaUrlGiven = "ota_url_given";    // fact: the last value that we set

// Plain http, not too long, and without '%', which the device would replace with parts of its own.
bool can_be_given(std::string_view url);

// Given by us, for this update or an earlier one: it is the one of the job or of the facts, or on the same server.
bool is_ours(std::string_view url, const DeliveryJob& job);

// What settling puts back: the owner's value where it is known, else kCompiledDefault.
std::string to_put_back(const DeliveryJob& job);

}  // namespace homepatch::mqtt::tasmota
