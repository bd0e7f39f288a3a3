#include "trust/strict_json.hpp"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "base/text.hpp"

namespace homepatch {

namespace {

using nlohmann::json;

// Builds the value event by event. Each method answers whether the parser may go on; the first refusal is kept.
class Builder final : public nlohmann::json_sax<json> {
 public:
  explicit Builder(const JsonLimits& limits) : limits_(limits) {}

  Result<json> result() && {
    if (error_) return fail(*std::move(error_));
    return std::move(root_);
  }

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(number_integer_t value) override { return add(value); }
  bool number_unsigned(number_unsigned_t value) override {
    if (std::in_range<std::int64_t>(value)) return add(static_cast<std::int64_t>(value));
    if (limits_.reject_floats) return refuse(Errc::malformed, "an integer is too large");
    return add(value);
  }
  bool number_float(number_float_t value, const string_t& /*text*/) override {
    if (limits_.reject_floats) return refuse(Errc::malformed, "a number is not an integer, or too large");
    return add(value);
  }
  bool string(string_t& value) override { return add(std::move(value)); }
  bool binary(binary_t& /*value*/) override { return refuse(Errc::malformed, "binary value"); }
  bool start_object(std::size_t /*elements*/) override { return open(json::object()); }
  bool start_array(std::size_t /*elements*/) override { return open(json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    if (limits_.reject_duplicate_keys && open_.back()->contains(name)) {
      return refuse(Errc::malformed, fmt::format("the key \"{}\" appears twice", printable(name, 64)));
    }
    key_ = std::move(name);
    return true;
  }

  bool parse_error(std::size_t position, const std::string& /*last_token*/,
                   const nlohmann::detail::exception& /*error*/) override {
    return refuse(Errc::malformed, fmt::format("not valid JSON at byte {}", position));
  }

 private:
  bool refuse(Errc code, std::string text) {
    if (!error_) error_ = Error{code, std::move(text)};
    return false;
  }

  // Puts the value where the parser stands and gives its place.
  json* place(json&& value) {
    if (open_.empty()) return &(root_ = std::move(value));
    if (open_.back()->is_array()) return &open_.back()->emplace_back(std::move(value));
    return &((*open_.back())[key_] = std::move(value));
  }

  bool add(json&& value) {
    if (!count()) return false;
    place(std::move(value));
    return true;
  }

  bool open(json&& container) {
    if (!count()) return false;
    if (open_.size() >= limits_.max_depth) {
      return refuse(Errc::too_large, fmt::format("nested deeper than {} levels", limits_.max_depth));
    }
    open_.push_back(place(std::move(container)));
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  bool count() {
    if (++nodes_ <= limits_.max_nodes) return true;
    return refuse(Errc::too_large, fmt::format("more than {} values", limits_.max_nodes));
  }

  const JsonLimits& limits_;
  json root_;
  std::vector<json*> open_;  // a container is not moved while one inside it is open
  std::string key_;
  std::size_t nodes_ = 0;
  std::optional<Error> error_;
};

Unexpected wrong(std::string_view key, std::string_view expected) {
  return fail(Errc::malformed, fmt::format("{}: {}", printable(key, 64), expected));
}

// The field, or nullptr when it is absent.
Result<const json*> find_field(const json& object, std::string_view key) {
  if (!object.is_object()) return wrong(key, "the value around it is not an object");
  const auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

Result<const json*> typed(const json* value, std::string_view key, bool matches, std::string_view expected) {
  if (value != nullptr && !matches) return wrong(key, expected);
  return value;
}

Result<const json*> required(Result<const json*> found, std::string_view key) {
  if (found && *found == nullptr) return wrong(key, "is missing");
  return found;
}

template <typename T>
Result<T> required(Result<std::optional<T>> found, std::string_view key) {
  if (!found) return fail(std::move(found).error());
  if (!*found) return wrong(key, "is missing");
  return **std::move(found);
}

}  // namespace

Result<json> parse_json(std::string_view bytes, const JsonLimits& limits) {
  if (bytes.size() > limits.max_bytes) {
    return fail(Errc::too_large, fmt::format("{} bytes of JSON; the limit is {}", bytes.size(), limits.max_bytes));
  }
  // The library takes a NUL for the end of the text and would ignore what follows it.
  if (const auto nul = bytes.find('\0'); nul != std::string_view::npos) {
    return fail(Errc::malformed, fmt::format("not valid JSON at byte {}", nul + 1));
  }
  Builder builder(limits);
  json::sax_parse(bytes.begin(), bytes.end(), &builder);
  return std::move(builder).result();
}

Result<std::optional<std::string>> optional_string_field(const json& object, std::string_view key) {
  const json* value = TRY(find_field(object, key));
  if (value == nullptr) return std::nullopt;
  if (!value->is_string()) return wrong(key, "is not a string");
  return value->get_ref<const std::string&>();
}

Result<std::optional<std::int64_t>> optional_integer_field(const json& object, std::string_view key, std::int64_t min,
                                                           std::int64_t max) {
  const json* value = TRY(find_field(object, key));
  if (value == nullptr) return std::nullopt;
  if (!value->is_number_integer()) return wrong(key, "is not an integer");
  if (value->is_number_unsigned() && !std::in_range<std::int64_t>(value->get<std::uint64_t>())) {
    return wrong(key, "is too large");
  }
  const auto number = value->get<std::int64_t>();
  if (number < min) return wrong(key, fmt::format("is below {}", min));
  if (number > max) return wrong(key, fmt::format("is above {}", max));
  return number;
}

Result<std::optional<bool>> optional_bool_field(const json& object, std::string_view key) {
  const json* value = TRY(find_field(object, key));
  if (value == nullptr) return std::nullopt;
  if (!value->is_boolean()) return wrong(key, "is neither true nor false");
  return value->get<bool>();
}

Result<const json*> optional_array_field(const json& object, std::string_view key) {
  const json* value = TRY(find_field(object, key));
  return typed(value, key, value != nullptr && value->is_array(), "is not an array");
}

Result<const json*> optional_object_field(const json& object, std::string_view key) {
  const json* value = TRY(find_field(object, key));
  return typed(value, key, value != nullptr && value->is_object(), "is not an object");
}

Result<std::string> string_field(const json& object, std::string_view key) {
  return required(optional_string_field(object, key), key);
}

Result<std::int64_t> integer_field(const json& object, std::string_view key, std::int64_t min, std::int64_t max) {
  return required(optional_integer_field(object, key, min, max), key);
}

Result<bool> bool_field(const json& object, std::string_view key) {
  return required(optional_bool_field(object, key), key);
}

Result<const json*> array_field(const json& object, std::string_view key) {
  return required(optional_array_field(object, key), key);
}

Result<const json*> object_field(const json& object, std::string_view key) {
  return required(optional_object_field(object, key), key);
}

Result<std::vector<std::string>> strings_field(const json& object, std::string_view key) {
  const json* array = TRY(array_field(object, key));
  std::vector<std::string> strings;
  strings.reserve(array->size());
  for (const auto& item : *array) {
    if (!item.is_string()) return wrong(key, "holds something that is not a string");
    strings.push_back(item.get_ref<const std::string&>());
  }
  return strings;
}

}  // namespace homepatch
