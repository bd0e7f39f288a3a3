#include "protocols/coap/interview.hpp"

#include <array>
#include <utility>
#include <variant>

#include "base/text.hpp"
#include "core/announcement.hpp"
#include "protocols/coap/resource_value.hpp"

namespace homepatch::coap {

namespace {

constexpr std::uint16_t kFirmwareObject = 5;

// For devices that answer in what is not understood here, as in LwM2M's own JSON (11543) or CBOR (11544).
constexpr std::array kOffers{kLwm2mTlv, kSenmlCbor, kSenmlJson};

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
  const auto& question = questions_[next_];
  ask(question, question.in_text() ? findings_.accept : std::nullopt);
}

void Interview::ask(const Question& question, std::optional<ContentFormat> accept) {
  auto request = read(root_, question.path, accept);
  exchange_ = exchanges_.request(route_, std::move(request), timing_,
                                 [this, &question](Result<Response> response) { take(question, std::move(response)); });
}

void Interview::take(const Question& question, Result<Response> response) {
  if (!response && (response.error().code == Errc::unavailable || response.error().code == Errc::busy)) {
    const auto done = std::move(done_);
    done(std::move(findings_));
    return;
  }
  const bool foreign = response && response->status == kContent && !is_understood(response->content_format);
  const bool declined = offered_ > 0 && response && dislikes_accept(response->status);
  if ((foreign || declined) && offered_ < kOffers.size()) {
    ask(question, kOffers.at(offered_++));
    return;
  }
  if (response && question.in_text() && findings_.accept && dislikes_accept(response->status)) {
    findings_.accept.reset();
    ask(question, std::nullopt);
    return;
  }
  if (response && response->status == kContent) {
    if (offered_ > 0 && question.in_text() && !foreign) findings_.accept = kOffers.at(offered_ - 1);
    const ResourceBytes bytes{response->content_format, response->payload, question.path.resource};
    std::visit([&](auto field) { keep(findings_, field, bytes); }, question.field);
  }
  ++next_;
  offered_ = 0;
  ask_next();
}

}  // namespace homepatch::coap
