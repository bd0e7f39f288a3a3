#include "protocols/coap/lwm2m_request.hpp"

namespace homepatch::coap {

namespace {

Request to(const Segments& root, const ResourcePath& path, Code method) {
  Request out;
  out.method = method;
  out.path = root;
  for (const auto number : {path.object, path.instance, path.resource}) out.path.push_back(std::to_string(number));
  return out;
}

}  // namespace

Request read(const Segments& root, const ResourcePath& path, std::optional<ContentFormat> accept) {
  auto out = to(root, path, kGet);
  out.accept = accept;
  return out;
}

Request write(const Segments& root, const ResourcePath& path, ContentFormat format, std::string payload) {
  auto out = to(root, path, kPut);
  out.content_format = format;
  out.payload = std::move(payload);
  return out;
}

Request execute(const Segments& root, const ResourcePath& path) { return to(root, path, kPost); }

}  // namespace homepatch::coap
