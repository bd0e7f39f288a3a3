#include "protocols/coap/interview.hpp"

#include <utility>
#include <variant>

#include "base/text.hpp"
#include "core/announcement.hpp"
#include "protocols/coap/resource_value.hpp"

namespace homepatch::coap {

namespace {

constexpr std::uint16_t kFirmwareObject = 5;

using Text = std::optional<std::string> Findings::*;
using Integer = std::optional<std::int64_t> Findings::*;
using Integers = std::vector<std::int64_t> Findings::*;

// The client may understand the resource but not the Accept option or this format in it.
bool dislikes_accept(Code status) {
  return status == kNotAcceptable || status == kBadOption || status == kBadRequest || status == kUnsupportedFormat;
}

void keep(Findings& findings, Text field, const ResourceBytes& bytes) {
  if (auto text = read_text(bytes); text && is_plain_text(*text, Announcement::kMaxText)) {
    findings.*field = std::move(*text);
  }
}
void keep(Findings& findings, Integer field, const ResourceBytes& bytes) {
  if (const auto number = read_integer(bytes)) findings.*field = *number;
}
void keep(Findings& findings, Integers field, const ResourceBytes& bytes) {
  if (auto numbers = read_integers(bytes)) findings.*field = std::move(*numbers);
}

}  // namespace

struct Interview::Question {
  ResourcePath path;
  std::variant<Text, Integer, Integers> field;

  // A multiple resource has no form in plain text.
  [[nodiscard]] bool in_text() const { return !std::holds_alternative<Integers>(field); }
};

const std::vector<Interview::Question>& Interview::questions(Scope scope) {
  static const std::vector<Question> everything{
      {resource::kManufacturer, &Findings::manufacturer},
      {resource::kModel, &Findings::model},
      {resource::kSerial, &Findings::serial},
      {resource::kFirmwareVersion, &Findings::version},
      {resource::kHardwareVersion, &Findings::hardware},
      {resource::kBatteryStatus, &Findings::battery_status},
      {resource::kPowerSources, &Findings::power_sources},
      {resource::kState, &Findings::state},
      {resource::kUpdateResult, &Findings::update_result},
      {resource::kDeliveryMethod, &Findings::delivery_method},
      {resource::kProtocols, &Findings::protocols},
      {resource::kPackageVersion, &Findings::package_version},
  };
  static const std::vector<Question> version{
      {resource::kFirmwareVersion, &Findings::version},
      {resource::kState, &Findings::state},
      {resource::kUpdateResult, &Findings::update_result},
  };
  return scope == Scope::everything ? everything : version;
}

Interview::Interview(Exchanges& exchanges, const Registration& of, Scope scope, const Timing& timing, Done done)
    : exchanges_(exchanges),
      route_(of.route),
      root_(of.tree.root),
      has_firmware_object_(of.has_object(kFirmwareObject)),
      timing_(timing),
      done_(std::move(done)),
      questions_(questions(scope)) {
  // Object 3 is mandatory for every client, so this sends something and does not end inside the constructor.
  ask_next();
}

void Interview::ask_next() {
  while (next_ < questions_.size() && questions_[next_].path.object == kFirmwareObject && !has_firmware_object_) {
    ++next_;
  }
  if (next_ == questions_.size()) {
    findings_.complete = true;
    findings_.whole = &questions_ == &questions(Scope::everything);
    const auto done = std::move(done_);
    done(std::move(findings_));
    return;
  }
  ask(questions_[next_]);
}

void Interview::ask(const Question& question) {
  auto request = read(root_, question.path, question.in_text() ? findings_.accept : std::nullopt);
  exchange_ = exchanges_.request(route_, std::move(request), timing_,
                                 [this, &question](Result<Response> response) { take(question, std::move(response)); });
}

void Interview::take(const Question& question, Result<Response> response) {
  if (!response && (response.error().code == Errc::unavailable || response.error().code == Errc::busy)) {
    const auto done = std::move(done_);
    done(std::move(findings_));
    return;
  }
  if (response && question.in_text() && findings_.accept && dislikes_accept(response->status)) {
    findings_.accept.reset();
    ask(question);
    return;
  }
  if (response && response->status == kContent) {
    const ResourceBytes bytes{response->content_format, response->payload, question.path.resource};
    std::visit([&](auto field) { keep(findings_, field, bytes); }, question.field);
  }
  ++next_;
  ask_next();
}

}  // namespace homepatch::coap
