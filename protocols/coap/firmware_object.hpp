// What the numbers of the Firmware Update object (LwM2M object 5) mean: State and Update Result. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/announcement.hpp"
#include "core/update.hpp"

namespace homepatch::coap {

enum class FirmwareState { idle, downloading, downloaded, updating };

// How a client counts its states: from 0 as the specification, or from 1 as its early drafts did (Contiki-NG's client
// and Wakaama's example still do).
enum class Numbering { standard, legacy };

// Nothing for a number that has no meaning.
std::optional<FirmwareState> firmware_state(std::int64_t number, Numbering numbering);

// Update Result 1 is a success, 2..9 are failures; 0 says nothing, and neither do 10 (cancelled) and 11 (deferred).
std::optional<InstallResult> install_result(std::int64_t number);

// "Update Result 5: integrity check failure".
std::string result_text(std::int64_t number);

// A download that ended with this result: whether trying again can help, and the device's words. Nothing for a result
// that is no failure.
std::optional<DeliveryFailed> transfer_failure(std::int64_t number);

}  // namespace homepatch::coap
