// Resource values in every content format: the first two bytes choose format and resource.
#include "protocols/coap/resource_value.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace homepatch::coap;
  constexpr ContentFormat kFormats[] = {kText, kOctets, kCbor, kSenmlJson, kSenmlCbor, kLwm2mTlv};
  if (size < 2) return 0;
  ResourceBytes bytes;
  bytes.format = kFormats[data[0] % std::size(kFormats)];
  bytes.resource = data[1];
  bytes.payload = std::string_view(reinterpret_cast<const char*>(data) + 2, size - 2);
  (void)read_text(bytes);
  (void)read_integer(bytes);
  (void)read_integers(bytes);
  return 0;
}
