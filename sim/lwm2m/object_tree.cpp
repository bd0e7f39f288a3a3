#include "sim/lwm2m/object_tree.hpp"

#include <fmt/format.h>

#include <charconv>
#include <vector>

namespace homepatch::sim {

namespace {

// "/3/0/3" as numbers; nothing when a part is none.
std::optional<std::vector<std::uint16_t>> numbers(std::string_view path) {
  std::vector<std::uint16_t> out;
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    const auto part = path.substr(0, path.find('/'));
    std::uint16_t number = 0;
    const auto [stop, error] = std::from_chars(part.data(), part.data() + part.size(), number);
    if (part.empty() || error != std::errc() || stop != part.data() + part.size()) return std::nullopt;
    out.push_back(number);
    path.remove_prefix(part.size());
  }
  return out;
}

CoapMessage content(std::uint32_t format, std::string payload) {
  auto response = only_code(coap::kContent);
  response.add_number(coap::kContentFormat, format);
  response.payload = std::move(payload);
  return response;
}

std::string all_resources(const std::map<std::uint16_t, Lwm2mResource>& resources) {
  std::string out;
  for (const auto& [id, resource] : resources) {
    if (resource.read) out += tlv_resource(id, resource.read());
  }
  return out;
}

}  // namespace

CoapMessage only_code(std::uint8_t code) {
  CoapMessage response;
  response.code = code;
  return response;
}

std::optional<std::string> written_value(const CoapMessage& request, std::uint16_t resource) {
  const auto format = request.find_number(coap::kContentFormat).value_or(content_format::kText);
  if (format == content_format::kText || format == content_format::kOpaque) return request.payload;
  if (format == content_format::kTlv) return find_in_tlv(request.payload, resource);
  return std::nullopt;
}

std::optional<ObjectTree::Target> ObjectTree::find(std::string_view path) const {
  const auto ids = numbers(path);
  if (!ids || ids->empty() || ids->size() > 3) return std::nullopt;
  const auto object = objects_.find((*ids)[0]);
  if (object == objects_.end()) return std::nullopt;
  Target target{object->first, &object->second, ids->size() > 1, std::nullopt, nullptr};
  if (target.instance && (*ids)[1] != 0) return std::nullopt;
  if (ids->size() < 3) return target;
  const auto resource = object->second.find((*ids)[2]);
  if (resource == object->second.end()) return std::nullopt;
  target.resource_id = resource->first;
  target.resource = &resource->second;
  return target;
}

CoapMessage ObjectTree::answer(const CoapMessage& request) const {
  const auto path = request.joined(coap::kUriPath);
  const auto target = find(path);
  if (!target) return only_code(coap::kNotFound);
  const auto* resource = target->resource;
  switch (request.code) {
    case coap::kGet: return read(path, request.find_number(coap::kAccept));
    case coap::kPut:
      // Write-Attributes: taken note of, and without effect on when we notify.
      if (request.find(coap::kUriQuery) != nullptr && request.payload.empty()) return only_code(coap::kChanged);
      if (resource != nullptr && resource->write) return resource->write(request);
      return only_code(coap::kMethodNotAllowed);
    case coap::kPost:
      if (resource != nullptr && resource->execute) return only_code(resource->execute());
      return only_code(coap::kMethodNotAllowed);
    default: return only_code(coap::kMethodNotAllowed);
  }
}

CoapMessage ObjectTree::read(std::string_view path, std::optional<std::uint32_t> accept) const {
  const auto target = find(path);
  if (!target) return only_code(coap::kNotFound);
  if (accept == content_format::kLinks) return discover(*target);
  const bool text =
      accept.value_or(manner_.tlv_by_default ? content_format::kTlv : content_format::kText) == content_format::kText;
  if (accept && !text && accept != content_format::kTlv) return only_code(coap::kNotAcceptable);
  if (target->resource == nullptr) {
    if (accept && text) return only_code(coap::kNotAcceptable);
    const auto resources = all_resources(*target->object);
    return content(content_format::kTlv, target->instance ? resources : tlv_instance(0, resources));
  }
  if (!target->resource->read) return only_code(coap::kMethodNotAllowed);
  const auto value = target->resource->read();
  if (!text) return content(content_format::kTlv, tlv_resource(*target->resource_id, value));
  auto plain = plain_text(value);
  if (plain) return content(content_format::kText, std::move(*plain));
  if (accept) return only_code(coap::kNotAcceptable);
  return content(content_format::kTlv, tlv_resource(*target->resource_id, value));
}

CoapMessage ObjectTree::discover(const Target& target) const {
  if (!manner_.discovers) return only_code(coap::kNotImplemented);
  const auto object = target.object_id;
  if (target.resource_id) {
    return content(content_format::kLinks, fmt::format("</{}/0/{}>", object, *target.resource_id));
  }
  std::string out = target.instance ? fmt::format("</{}/0>", object) : fmt::format("</{0}>,</{0}/0>", object);
  for (const auto& [id, resource] : *target.object) out += fmt::format(",</{}/0/{}>", object, id);
  return content(content_format::kLinks, std::move(out));
}

std::string ObjectTree::links() const {
  std::string out = R"(</>;rt="oma.lwm2m";ct=11542)";
  for (const auto& [object, resources] : objects_) out += fmt::format(",</{}/0>", object);
  return out;
}

}  // namespace homepatch::sim
