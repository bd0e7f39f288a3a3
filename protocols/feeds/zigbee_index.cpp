#include "protocols/feeds/zigbee_index.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "base/text.hpp"
#include "protocols/feeds/zigbee_entry_reader.hpp"

namespace homepatch::feeds {

namespace {

using nlohmann::json;

constexpr std::size_t kMaxDepth = 8;

// Follows the parser through the file with one entry in hand, so that memory grows with what is kept and not with what
// is said. Each method answers whether the parser may go on; what stops it refuses the whole index.
class Walker final : public nlohmann::json_sax<json> {
 public:
  Result<ZigbeeIndex> result() && {
    if (error_) return fail(*std::move(error_));
    return std::move(index_);
  }

  bool null() override { return scalar(nullptr); }
  bool boolean(bool value) override { return scalar(value); }
  bool number_integer(number_integer_t value) override { return scalar(value); }
  bool number_unsigned(number_unsigned_t value) override { return scalar(value); }
  bool number_float(number_float_t value, const string_t& /*text*/) override { return scalar(value); }
  bool string(string_t& value) override { return scalar(std::move(value)); }
  bool binary(binary_t& /*value*/) override { return scalar(nullptr); }
  bool start_object(std::size_t /*elements*/) override { return open(json::object()); }
  bool start_array(std::size_t /*elements*/) override { return open(json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    if (!complaint_ && open_.back()->contains(name)) complain(fmt::format("{} appears twice", printable(name, 40)));
    key_ = std::move(name);
    return true;
  }

  bool parse_error(std::size_t position, const std::string& /*last_token*/,
                   const nlohmann::detail::exception& /*error*/) override {
    return refuse(Errc::malformed, fmt::format("not valid JSON at byte {}", position));
  }

 private:
  static constexpr std::size_t kInList = 1;   // as deep as this the elements of the list stand
  static constexpr std::size_t kInEntry = 2;  // and here their members

  bool refuse(Errc code, std::string text) {
    if (!error_) error_ = Error{code, std::move(text)};
    return false;
  }

  void complain(std::string text) {
    if (!complaint_) complaint_ = std::move(text);
  }

  bool scalar(json&& value) {
    if (depth_ == 0) return refuse(Errc::malformed, "must be a JSON array of images");
    if (depth_ == kInList) {
      if (!begin_entry()) return false;
      complain("must be an object");
      finish_entry();
      return true;
    }
    add(std::move(value));
    return true;
  }

  bool open(json&& container) {
    if (depth_ == 0 && !container.is_array()) return refuse(Errc::malformed, "must be a JSON array of images");
    if (depth_ == kMaxDepth) return refuse(Errc::too_large, fmt::format("nested deeper than {} levels", kMaxDepth));
    if (depth_++ == 0) return true;
    if (depth_ > kInEntry) {
      add(std::move(container));
      return true;
    }
    if (!begin_entry()) return false;
    if (!container.is_object()) complain("must be an object");
    entry_ = std::move(container);
    open_.assign(1, &entry_);
    return true;
  }

  bool close() {
    if (depth_ == kInEntry) finish_entry();
    if (depth_ > kInEntry && !complaint_) open_.pop_back();
    --depth_;
    return true;
  }

  // A value inside an entry. In one that is refused already nothing is kept.
  void add(json&& value) {
    if (++values_ > kMaxZigbeeEntryValues) complain(fmt::format("has more than {} values", kMaxZigbeeEntryValues));
    if (complaint_) return;
    const bool container = value.is_structured();
    json& into = *open_.back();
    json& placed = into.is_array() ? into.emplace_back(std::move(value)) : (into[key_] = std::move(value));
    if (container) open_.push_back(&placed);
  }

  bool begin_entry() {
    if (++count_ > kMaxZigbeeEntries) {
      return refuse(Errc::too_large, fmt::format("more than {} images", kMaxZigbeeEntries));
    }
    complaint_.reset();
    values_ = 0;
    return true;
  }

  void finish_entry() {
    if (complaint_) return leave_out(*std::move(complaint_));
    const auto fields = JsonFields::of(entry_, "");
    if (const auto known = check_members(*fields); !known) {
      ++index_.unknown_members;
      return leave_out(known.error().text);
    }
    auto entry = read_zigbee_entry(*fields);
    if (!entry) return leave_out(std::move(entry).error().text);
    index_.entries.push_back(*std::move(entry));
  }

  void leave_out(std::string text) {
    ++index_.left_out;
    if (index_.complaints.size() < kMaxZigbeeComplaints) index_.complaints.push_back({count_ - 1, std::move(text)});
  }

  ZigbeeIndex index_;
  json entry_;
  std::vector<json*> open_;  // within entry_; a container is not moved while one inside it is open
  std::string key_;
  std::size_t depth_ = 0;
  std::size_t count_ = 0;
  std::size_t values_ = 0;
  std::optional<std::string> complaint_;  // about the entry in hand
  std::optional<Error> error_;
};

Result<ZigbeeIndex> walk(std::string_view bytes) {
  if (bytes.size() > kMaxZigbeeIndexBytes) {
    return fail(Errc::too_large, fmt::format("{} bytes; the limit is {}", bytes.size(), kMaxZigbeeIndexBytes));
  }
  // The library takes a NUL for the end of the text and would ignore what follows it.
  if (const auto nul = bytes.find('\0'); nul != std::string_view::npos) {
    return fail(Errc::malformed, fmt::format("not valid JSON at byte {}", nul + 1));
  }
  Walker walker;
  json::sax_parse(bytes.begin(), bytes.end(), &walker);
  return std::move(walker).result();
}

}  // namespace

Result<ZigbeeIndex> read_zigbee_index(std::string_view bytes) {
  return TRY_IN("the index of Zigbee images", walk(bytes));
}

}  // namespace homepatch::feeds
