// What came over the bus, whatever its type, as one JSON-like value: the bus room reads messages into these, the
// views pick their fields out of them. Missing fields and fields of another type read as empty, so that a daemon
// one version older or newer can still be spoken with.
#pragma once

#include <systemd/sd-bus.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace homepatch::cli {

using Value = nlohmann::json;

// The message's next complete value. Dictionaries become objects by the text of their keys, structures become arrays.
Result<Value> read_value(sd_bus_message* message);

std::string text_of(const Value& dictionary, const char* key);
std::int64_t number_of(const Value& dictionary, const char* key);
std::uint64_t count_of(const Value& dictionary, const char* key);
bool flag_of(const Value& dictionary, const char* key);
std::vector<std::string> texts_of(const Value& dictionary, const char* key);

}  // namespace homepatch::cli
