// The objects of an LwM2M client, each with its single instance 0: what is read, written and executed, and in which
// format (LwM2M 1.1 sections 6.3 and 7.4). Knows nothing of sockets.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "sim/lwm2m/coap_message.hpp"
#include "sim/lwm2m/tlv.hpp"

namespace homepatch::sim {

namespace content_format {
inline constexpr std::uint32_t kText = 0;
inline constexpr std::uint32_t kLinks = 40;
inline constexpr std::uint32_t kOpaque = 42;
inline constexpr std::uint32_t kTlv = 11542;
}  // namespace content_format

// What is not there is not allowed.
struct Lwm2mResource {
  std::function<Lwm2mValue()> read;
  std::function<CoapMessage(const CoapMessage& request)> write;
  // Returns the response code.
  std::function<std::uint8_t()> execute;
};

struct ObjectTreeManner {
  bool discovers = true;       // false: 5.01 to a Discover, as a client built without it
  bool tlv_by_default = true;  // for a single resource read without Accept; otherwise text
};

class ObjectTree {
 public:
  explicit ObjectTree(ObjectTreeManner manner) : manner_(manner) {}

  Lwm2mResource& resource(std::uint16_t object, std::uint16_t id) { return objects_[object][id]; }

  [[nodiscard]] CoapMessage answer(const CoapMessage& request) const;

  // The response to a read of `path` ("/5/0/3"), for requests and notifications alike.
  [[nodiscard]] CoapMessage read(std::string_view path, std::optional<std::uint32_t> accept) const;

  // "</>;rt=...,</1/0>,...": the registration's body.
  [[nodiscard]] std::string links() const;

 private:
  using Resources = std::map<std::uint16_t, Lwm2mResource>;
  struct Target {
    std::uint16_t object_id = 0;
    const Resources* object = nullptr;
    bool instance = false;
    std::optional<std::uint16_t> resource_id;
    const Lwm2mResource* resource = nullptr;
  };

  [[nodiscard]] std::optional<Target> find(std::string_view path) const;
  [[nodiscard]] CoapMessage discover(const Target& target) const;

  ObjectTreeManner manner_;
  std::map<std::uint16_t, Resources> objects_;
};

CoapMessage only_code(std::uint8_t code);

// The text or bytes that a write of one resource carries, whichever of the formats 0, 42 and 11542 it has. Nothing for
// another format (4.15) or a TLV without that resource.
std::optional<std::string> written_value(const CoapMessage& request, std::uint16_t resource);

}  // namespace homepatch::sim
