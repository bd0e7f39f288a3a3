// Who wants to hear of changes (RFC 7641), until the socket closes: a client that restarts has forgotten them all.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string>

#include "sim/lwm2m/coap_endpoint.hpp"
#include "sim/lwm2m/object_tree.hpp"

namespace homepatch::sim {

class Observers {
 public:
  // LWM2M_ENGINE_MAX_OBSERVER of Zephyr.
  static constexpr std::size_t kMax = 10;

  Observers(const ObjectTree& tree, CoapEndpoint& endpoint, bool confirmable)
      : tree_(tree), endpoint_(endpoint), confirmable_(confirmable) {}

  // Looks at a GET that was answered with `response`: takes up or ends an observation, and marks the response.
  void consider(const CoapMessage& request, const Peer& from, CoapMessage& response);

  // Tells everybody whose value is another one than last time.
  void notify();

 private:
  struct Observation {
    Peer peer;
    std::string token;
    std::string path;
    std::optional<std::uint32_t> accept;
    std::string last;
    std::uint32_t sequence = 0;
    std::uint64_t number = 0;
  };

  void forget(std::uint64_t number);

  const ObjectTree& tree_;
  CoapEndpoint& endpoint_;
  bool confirmable_;
  std::uint64_t next_ = 0;
  std::list<Observation> observations_;
};

}  // namespace homepatch::sim
