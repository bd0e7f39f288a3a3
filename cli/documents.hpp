// What --json prints: one document with stable keys (docs/man/homepatchctl.1 lists them), times as RFC 3339 UTC strings
// or null, everything outside printable ASCII escaped.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "cli/views.hpp"

namespace homepatch::cli {

using Json = nlohmann::ordered_json;

Json to_json(const DeviceView& device);
Json to_json(const ReleaseView& release);
Json to_json(const UpdateView& update);
Json to_json(const DecisionView& decision);

template <typename View>
Json to_json(const std::vector<View>& views) {
  Json list = Json::array();
  for (const View& view : views) list.push_back(to_json(view));
  return list;
}

// A time as text, null where it is not known.
Json json_time(std::int64_t millis);

// {"error": {"code": ..., "text": ...}}
Json to_json(const Error& error);

// The text of the document, its end of line included; `compact` for one line.
std::string document(const Json& json, bool compact = false);

}  // namespace homepatch::cli
