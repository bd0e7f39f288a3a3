#include "cli/value.hpp"

#include <algorithm>
#include <string_view>

namespace homepatch::cli {

namespace {

int read_any(sd_bus_message* message, Value& out);

template <typename Wire, typename Kept>
int read_number(sd_bus_message* message, char type, Value& out) {
  Wire wire{};
  const int r = sd_bus_message_read_basic(message, type, &wire);
  if (r > 0) out = static_cast<Kept>(wire);
  return r;
}

int read_text(sd_bus_message* message, char type, Value& out) {
  const char* text = nullptr;
  const int r = sd_bus_message_read_basic(message, type, static_cast<void*>(&text));
  if (r > 0) out = std::string(text);
  return r;
}

int read_flag(sd_bus_message* message, Value& out) {
  int flag = 0;
  const int r = sd_bus_message_read_basic(message, SD_BUS_TYPE_BOOLEAN, &flag);
  if (r > 0) out = flag != 0;
  return r;
}

int read_members(sd_bus_message* message, Value& out) {
  int r = 0;
  while ((r = sd_bus_message_at_end(message, 0)) == 0) {
    Value member;
    if ((r = read_any(message, member)) < 0) return r;
    out.push_back(std::move(member));
  }
  return r;
}

int read_entries(sd_bus_message* message, const std::string& entry, Value& out) {
  int r = 0;
  while ((r = sd_bus_message_at_end(message, 0)) == 0) {
    Value key;
    Value value;
    if ((r = sd_bus_message_enter_container(message, SD_BUS_TYPE_DICT_ENTRY, entry.c_str())) < 0) return r;
    if ((r = read_any(message, key)) < 0 || (r = read_any(message, value)) < 0) return r;
    if ((r = sd_bus_message_exit_container(message)) < 0) return r;
    out[key.is_string() ? key.get<std::string>() : key.dump()] = std::move(value);
  }
  return r;
}

int read_container(sd_bus_message* message, char type, const std::string& contents, Value& out) {
  int r = sd_bus_message_enter_container(message, type, contents.c_str());
  if (r < 0) return r;
  if (type == SD_BUS_TYPE_VARIANT) {
    r = read_any(message, out);
  } else if (type == SD_BUS_TYPE_ARRAY && contents.starts_with('{')) {
    out = Value::object();
    r = read_entries(message, contents.substr(1, contents.size() - 2), out);
  } else {
    out = Value::array();
    r = read_members(message, out);
  }
  return r < 0 ? r : sd_bus_message_exit_container(message);
}

int read_any(sd_bus_message* message, Value& out) {
  char type = 0;
  const char* contents = nullptr;
  if (const int r = sd_bus_message_peek_type(message, &type, &contents); r <= 0) return r < 0 ? r : -ENXIO;
  switch (type) {
    case SD_BUS_TYPE_STRING:
    case SD_BUS_TYPE_OBJECT_PATH:
    case SD_BUS_TYPE_SIGNATURE: return read_text(message, type, out);
    case SD_BUS_TYPE_BOOLEAN: return read_flag(message, out);
    case SD_BUS_TYPE_BYTE: return read_number<std::uint8_t, std::uint64_t>(message, type, out);
    case SD_BUS_TYPE_UINT16: return read_number<std::uint16_t, std::uint64_t>(message, type, out);
    case SD_BUS_TYPE_UINT32: return read_number<std::uint32_t, std::uint64_t>(message, type, out);
    case SD_BUS_TYPE_UINT64: return read_number<std::uint64_t, std::uint64_t>(message, type, out);
    case SD_BUS_TYPE_INT16: return read_number<std::int16_t, std::int64_t>(message, type, out);
    case SD_BUS_TYPE_INT32: return read_number<std::int32_t, std::int64_t>(message, type, out);
    case SD_BUS_TYPE_INT64: return read_number<std::int64_t, std::int64_t>(message, type, out);
    case SD_BUS_TYPE_DOUBLE: return read_number<double, double>(message, type, out);
    case SD_BUS_TYPE_VARIANT:
    case SD_BUS_TYPE_ARRAY:
    case SD_BUS_TYPE_STRUCT: return read_container(message, type, contents, out);
    default: return -EBADMSG;
  }
}

const Value* member(const Value& dictionary, const char* key) {
  if (!dictionary.is_object()) return nullptr;
  const auto found = dictionary.find(key);
  return found == dictionary.end() ? nullptr : &*found;
}

}  // namespace

Result<Value> read_value(sd_bus_message* message) {
  Value value;
  if (const int r = read_any(message, value); r < 0) {
    return fail(errno_error("reading homepatchd's answer", -r));
  }
  return value;
}

std::string text_of(const Value& dictionary, const char* key) {
  const Value* value = member(dictionary, key);
  return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
}

std::int64_t number_of(const Value& dictionary, const char* key) {
  const Value* value = member(dictionary, key);
  return value != nullptr && value->is_number_integer() ? value->get<std::int64_t>() : 0;
}

std::uint64_t count_of(const Value& dictionary, const char* key) {
  const Value* value = member(dictionary, key);
  if (value == nullptr || !value->is_number_integer()) return 0;
  // A count may come as a signed number, too.
  const bool counts = value->is_number_unsigned() || value->get<std::int64_t>() >= 0;
  return counts ? value->get<std::uint64_t>() : 0;
}

bool flag_of(const Value& dictionary, const char* key) {
  const Value* value = member(dictionary, key);
  return value != nullptr && value->is_boolean() && value->get<bool>();
}

std::vector<std::string> texts_of(const Value& dictionary, const char* key) {
  std::vector<std::string> texts;
  const Value* value = member(dictionary, key);
  if (value == nullptr || !value->is_array()) return texts;
  for (const Value& text : *value) {
    if (text.is_string()) texts.push_back(text.get<std::string>());
  }
  return texts;
}

}  // namespace homepatch::cli
