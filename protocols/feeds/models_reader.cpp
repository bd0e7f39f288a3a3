#include "protocols/feeds/models_reader.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/text.hpp"
#include "core/catalog_names.hpp"
#include "protocols/feeds/match_keys.hpp"

namespace homepatch::feeds {

namespace {

using nlohmann::json;

constexpr std::size_t kMaxDepth = 16;
constexpr std::int64_t kSchema = 1;

// One entry while it is being read.
struct Entry {
  std::optional<std::string> family;
  std::optional<std::string> catalog;
  std::optional<MatchKeys> match;
};

// Follows the parser through the file. Each method answers whether it may go on; the first refusal is kept.
class Walker final : public nlohmann::json_sax<json> {
 public:
  explicit Walker(const ModelVisit& visit) : visit_(visit) {}

  Status result() && {
    if (error_) return fail(*std::move(error_));
    if (!schema_seen_) return fail(Errc::malformed, "homepatch_models: is missing: this is not a list of models");
    if (!models_seen_) return fail(Errc::malformed, "models: is missing");
    return {};
  }

  bool null() override { return scalar(); }
  bool boolean(bool /*value*/) override { return scalar(); }
  bool number_integer(number_integer_t /*value*/) override { return scalar(); }
  bool number_unsigned(number_unsigned_t value) override {
    if (where_ == Where::top && key_ == "homepatch_models") return take_schema(value == kSchema);
    return scalar();
  }
  bool number_float(number_float_t /*value*/, const string_t& /*text*/) override { return scalar(); }
  bool binary(binary_t& /*value*/) override { return scalar(); }

  bool string(string_t& value) override {
    if (where_ == Where::entry && key_ == "family") return set(entry_.family, value);
    if (where_ == Where::entry && key_ == "catalog") return set(entry_.catalog, value);
    if (where_ != Where::match) return scalar();
    if (!entry_.match->emplace(key_, std::move(value)).second) return refuse_twice();
    return true;
  }

  bool key(string_t& name) override {
    key_ = std::move(name);
    if (where_ != Where::entry || key_ == "family" || key_ == "catalog" || key_ == "match") return true;
    return refuse(fmt::format("{} is not known here; known are family, match, catalog", printable(key_, 40)));
  }

  bool start_object(std::size_t /*elements*/) override {
    switch (where_) {
      case Where::outside: return enter(Where::top);
      case Where::models: return start_entry();
      case Where::entry: return start_match();
      case Where::top: return known_top_key() ? scalar() : enter(Where::skipped);
      case Where::skipped: return enter(Where::skipped);
      case Where::match: break;
    }
    return scalar();
  }

  bool start_array(std::size_t /*elements*/) override {
    if (where_ == Where::top && key_ == "models") return start_models();
    if (where_ == Where::skipped || (where_ == Where::top && !known_top_key())) return enter(Where::skipped);
    return scalar();
  }

  bool end_object() override {
    if (where_ == Where::entry && !finish_entry()) return false;
    return leave();
  }
  bool end_array() override { return leave(); }

  bool parse_error(std::size_t position, const std::string& /*last_token*/,
                   const nlohmann::detail::exception& /*error*/) override {
    place_known_ = false;
    return refuse(fmt::format("not valid JSON at byte {}", position));
  }

 private:
  enum class Where { outside, top, models, entry, match, skipped };

  bool refuse(std::string_view text, Errc code = Errc::malformed) {
    const bool in_entry = place_known_ && (where_ == Where::entry || where_ == Where::match);
    if (!error_) error_ = Error{code, in_entry ? fmt::format("models[{}]: {}", count_ - 1, text) : std::string(text)};
    return false;
  }

  bool refuse_twice() { return refuse(fmt::format("{} appears twice", printable(key_, 40))); }

  [[nodiscard]] bool known_top_key() const { return key_ == "models" || key_ == "homepatch_models"; }

  // A value where none of this kind belongs, except in what is not looked at.
  bool scalar() {
    if (where_ == Where::skipped || (where_ == Where::top && !known_top_key())) return true;
    if (where_ == Where::top && key_ == "homepatch_models") return take_schema(false);
    if (where_ == Where::outside) return refuse("must be a JSON object");
    if (where_ == Where::top) return refuse("models: must be an array");
    if (where_ == Where::models) return refuse("models: must hold objects only");
    if (where_ == Where::entry && key_ == "match") return refuse("match: must be an object of texts");
    return refuse(fmt::format("{}: must be a text", printable(key_, 40)));
  }

  bool enter(Where where) {
    if (path_.size() == kMaxDepth)
      return refuse(fmt::format("nested deeper than {} levels", kMaxDepth), Errc::too_large);
    path_.push_back(std::exchange(where_, where));
    return true;
  }

  bool leave() {
    where_ = path_.back();
    path_.pop_back();
    return true;
  }

  bool take_schema(bool fits) {
    if (std::exchange(schema_seen_, true)) return refuse_twice();
    return fits ||
           refuse("homepatch_models: must be 1; another schema needs another version of homepatch", Errc::unsupported);
  }

  bool start_models() {
    if (std::exchange(models_seen_, true)) return refuse_twice();
    return enter(Where::models);
  }

  bool start_entry() {
    if (++count_ > kMaxModels) return refuse(fmt::format("models: more than {} entries", kMaxModels), Errc::too_large);
    entry_ = {};
    return enter(Where::entry);
  }

  bool start_match() {
    if (key_ != "match") return scalar();
    if (entry_.match) return refuse_twice();
    entry_.match.emplace();
    return enter(Where::match);
  }

  bool set(std::optional<std::string>& field, std::string& value) {
    if (field) return refuse_twice();
    field = std::move(value);
    return true;
  }

  bool finish_entry() {
    if (!entry_.family) return refuse("family: is missing");
    if (!entry_.match) return refuse("match: is missing");
    if (!entry_.catalog) return refuse("catalog: is missing");
    if (!is_catalog_path(*entry_.catalog)) return refuse("catalog: must be <vendor>/<model>/catalog.json");
    const auto match = read_match(*entry_.family, *std::move(entry_.match));
    if (!match) return refuse(match.error().text, match.error().code);
    if (*match) visit_(**match, *entry_.catalog);
    return true;
  }

  const ModelVisit& visit_;
  Where where_ = Where::outside;
  std::vector<Where> path_;
  std::string key_;
  Entry entry_;
  std::size_t count_ = 0;
  bool schema_seen_ = false;
  bool models_seen_ = false;
  bool place_known_ = true;
  std::optional<Error> error_;
};

Status walk(std::string_view bytes, const ModelVisit& visit) {
  if (bytes.size() > kMaxModelsBytes) {
    return fail(Errc::too_large, fmt::format("{} bytes; the limit is {}", bytes.size(), kMaxModelsBytes));
  }
  // The library takes a NUL for the end of the text and would ignore what follows it.
  if (const auto nul = bytes.find('\0'); nul != std::string_view::npos) {
    return fail(Errc::malformed, fmt::format("not valid JSON at byte {}", nul + 1));
  }
  Walker walker(visit);
  json::sax_parse(bytes.begin(), bytes.end(), &walker);
  return std::move(walker).result();
}

}  // namespace

Status read_models(std::string_view bytes, const ModelVisit& visit) {
  TRY_IN(kModelsPath, walk(bytes, visit));
  return {};
}

}  // namespace homepatch::feeds
