#include "protocols/coap/firmware_object.hpp"

#include <fmt/format.h>

#include <array>

namespace homepatch::coap {

namespace {

struct Meaning {
  std::string_view text;
  bool failure;
  bool may_retry;
};

// LwM2M object 5, resource 5. Retrying helps where memory or the link was short for the moment; 8 says nothing of why.
constexpr std::array<Meaning, 12> kResults{{
    {"nothing to report", false, false},
    {"updated successfully", false, false},
    {"not enough flash memory for the package", true, false},
    {"out of memory during the download", true, true},
    {"connection lost during the download", true, true},
    {"integrity check failure", true, false},
    {"unsupported package type", true, false},
    {"invalid URI", true, false},
    {"firmware update failed", true, true},
    {"unsupported protocol", true, false},
    {"cancelled", false, false},
    {"deferred", false, false},
}};

const Meaning* meaning_of(std::int64_t number) {
  if (number < 0 || number >= static_cast<std::int64_t>(kResults.size())) return nullptr;
  return &kResults.at(static_cast<std::size_t>(number));
}

}  // namespace

std::optional<FirmwareState> firmware_state(std::int64_t number, Numbering numbering) {
  const std::int64_t from_zero = numbering == Numbering::legacy ? number - 1 : number;
  if (from_zero < 0 || from_zero > 3) return std::nullopt;
  return static_cast<FirmwareState>(from_zero);
}

std::optional<InstallResult> install_result(std::int64_t number) {
  const Meaning* meaning = meaning_of(number);
  if (meaning == nullptr || (number != 1 && !meaning->failure)) return std::nullopt;
  InstallResult out;
  out.kind = meaning->failure ? InstallResult::Kind::failure : InstallResult::Kind::success;
  out.may_retry = meaning->may_retry;
  out.text = result_text(number);
  return out;
}

std::string result_text(std::int64_t number) {
  const Meaning* meaning = meaning_of(number);
  return fmt::format("Update Result {}: {}", number, meaning != nullptr ? meaning->text : "unknown");
}

std::optional<DeliveryFailed> transfer_failure(std::int64_t number) {
  const Meaning* meaning = meaning_of(number);
  if (meaning == nullptr || !meaning->failure) return std::nullopt;
  DeliveryFailed out;
  out.reason = Reason::transfer_failed;
  out.may_retry = meaning->may_retry;
  out.text = "the device reports " + result_text(number);
  return out;
}

}  // namespace homepatch::coap
