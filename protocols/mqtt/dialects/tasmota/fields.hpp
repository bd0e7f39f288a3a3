// Fields of a Tasmota message, read with the tolerance that its firmware versions ask for and checked as text.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace homepatch::mqtt::tasmota {

// The string under `key`; nothing when it is absent or no string.
std::optional<std::string> text_field(const nlohmann::json& object, std::string_view key);

// The same, made fit to be shown and stored as a text of an Announcement; nothing when empty.
std::optional<std::string> shown_field(const nlohmann::json& object, std::string_view key);
std::optional<std::string> shown_value(const nlohmann::json& value);

// An integer, or a string of one ("1"); nothing for everything else.
std::optional<std::int64_t> number_field(const nlohmann::json& object, std::string_view key);

// An IPv4 or IPv6 literal of one host; nothing for everything else, the unspecified address included.
std::optional<std::string> address_field(const nlohmann::json& object, std::string_view key);

}  // namespace homepatch::mqtt::tasmota
