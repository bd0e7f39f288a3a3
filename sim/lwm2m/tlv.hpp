// The OMA TLV format, 11542 (LwM2M 1.0, section 6.4.3): what a client writes when a whole instance is read.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace homepatch::sim {

// Integer, text or boolean; or a resource with several instances, here always of integers.
using Lwm2mValue = std::variant<std::int64_t, std::string, bool, std::map<std::uint16_t, std::int64_t>>;

std::string tlv_resource(std::uint16_t id, const Lwm2mValue& value);
// `content` is resources, one after the other.
std::string tlv_instance(std::uint16_t id, std::string_view content);

// The bytes of the resource `id` in a list of resources; nothing when it is not there or the list is damaged.
std::optional<std::string> find_in_tlv(std::string_view tlv, std::uint16_t id);

// text/plain as LwM2M has it; nothing for a resource with several instances, which has no such form.
std::optional<std::string> plain_text(const Lwm2mValue& value);

}  // namespace homepatch::sim
