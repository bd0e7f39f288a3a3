// What an LwM2M client says when it registers or updates (LwM2M core 1.x, Register and Update): the queries and the
// object links, read strictly into values. Pure. registry.hpp applies the rules; lwm2m_server acts on the outcome.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/device_id.hpp"
#include "protocols/coap/link_format.hpp"
#include "protocols/coap/message.hpp"

namespace homepatch::coap {

struct ObjectInstance {
  std::uint16_t object = 0;
  std::optional<std::uint16_t> instance;  // absent: the object has none, or the client did not list them

  friend auto operator<=>(const ObjectInstance&, const ObjectInstance&) = default;
};

// "3/0 5/0 9": the compact spelling of a device's facts, cut at whole items to `max_bytes`.
std::string to_text(const std::vector<ObjectInstance>& objects, std::size_t max_bytes);
std::vector<ObjectInstance> objects_from(std::string_view text);

struct ObjectTree {
  Segments root;  // alternate path, put in front of every request; usually empty
  std::vector<ObjectInstance> objects;

  friend bool operator==(const ObjectTree&, const ObjectTree&) = default;
};

// The queries of Register or Update; absent means unchanged or the default.
struct RegistrationQuery {
  std::optional<std::string> endpoint;
  std::optional<std::chrono::seconds> lifetime;
  std::optional<std::string> version;  // "1.0", "1.1", "1.2"
  std::optional<std::string> binding;
  bool queue = false;  // "Q" by itself (1.1) or in the binding (1.0)
};

inline constexpr std::size_t kMaxQueries = 32;
inline constexpr std::size_t kMaxQueryBytes = 255;
inline constexpr std::size_t kMaxRootSegments = 4;
inline constexpr std::size_t kMaxRootBytes = 64;
inline constexpr std::chrono::seconds kDefaultLifetime{86'400};
// Longer ones, and 0 for "no end", count as this: a device that is never heard of again must go some day.
inline constexpr std::chrono::seconds kMaxLifetime{30 * 86'400};

// Unknown parameters are ignored. Errors: malformed (a parameter twice, a number that is none, an unusable endpoint
// name); unsupported for an LwM2M version that is not spoken here (answer: 4.12).
Result<RegistrationQuery> parse_registration_query(const Segments& query);

// The objects below the root that the links name (attribute rt="oma.lwm2m" marks the root). Links to other things are
// ignored; a list without any object is a valid, empty tree. Errors: those of parse_links, malformed root.
Result<ObjectTree> parse_object_links(std::string_view payload);

struct Registration {
  explicit Registration(DeviceId id_of_device) : device(std::move(id_of_device)) {}

  std::string id;       // the last segment of /rd/<id>
  std::string request;  // that made it, as the registry remembers its answer; empty for a restored one
  DeviceId device;
  std::string endpoint;
  Route route;
  std::chrono::seconds lifetime = kDefaultLifetime;
  std::string version = "1.0";
  std::string binding = "U";
  bool queue = false;
  ObjectTree tree;
  std::chrono::milliseconds expires{0};     // monotonic; lifetime and grace after the last word
  std::chrono::milliseconds last_heard{0};  // monotonic

  [[nodiscard]] bool has_object(std::uint16_t object) const;
};

}  // namespace homepatch::coap
