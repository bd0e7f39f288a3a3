// Reads an LwM2M device resource by resource, one request at a time, as small clients need it: Device (object 3) and
// Firmware Update (object 5). lwm2m_server starts one after each registration and turns the findings into an
// announcement. Nothing outlives a crash; it is asked again.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "protocols/coap/exchange.hpp"
#include "protocols/coap/lwm2m_request.hpp"
#include "protocols/coap/registration.hpp"

namespace homepatch::coap {

// What the device said; absent where it has no such resource or gave no usable value. Texts are plain and bounded.
struct Findings {
  std::optional<std::string> manufacturer;
  std::optional<std::string> model;
  std::optional<std::string> serial;
  std::optional<std::string> hardware;
  std::optional<std::string> version;
  std::optional<std::string> package_version;
  std::optional<std::int64_t> battery_status;
  std::optional<std::int64_t> state;
  std::optional<std::int64_t> update_result;
  std::optional<std::int64_t> delivery_method;
  std::vector<std::int64_t> power_sources;
  std::vector<std::int64_t> protocols;
  std::optional<ContentFormat> accept = kText;  // absent: the device refuses every Accept option
  bool complete = false;                        // false: it stopped answering on the way
  bool whole = false;                           // complete, and it was asked everything
};

class Interview {
 public:
  enum class Scope {
    everything,
    version,  // /3/0/3, /5/0/3, /5/0/5: the proof of an update
  };
  using Done = std::function<void(Findings)>;

  // `done` is called once, on a later turn, and may destroy the Interview.
  Interview(Exchanges& exchanges, const Registration& of, Scope scope, const Timing& timing, Done done);

 private:
  struct Question;
  static const std::vector<Question>& questions(Scope scope);

  void ask_next();
  void ask(const Question& question, std::optional<ContentFormat> accept);
  void take(const Question& question, Result<Response> response);

  Exchanges& exchanges_;
  Route route_;
  Segments root_;
  bool has_firmware_object_;
  Timing timing_;
  Done done_;
  const std::vector<Question>& questions_;
  std::size_t next_ = 0;
  std::size_t offered_ = 0;  // formats, for the present question
  Findings findings_;
  Exchange exchange_;
};

}  // namespace homepatch::coap
