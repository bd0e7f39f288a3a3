// One request and one answer of the artifact server as libmicrohttpd has them: what a device says of itself, which part
// of a file it wants, and the heads that all device families can live with.
#pragma once

#include <microhttpd.h>

#include <memory>
#include <string_view>

#include "protocols/http/artifact_server.hpp"
#include "protocols/http/byte_range.hpp"

namespace homepatch {

struct MhdResponseUnref {
  void operator()(MHD_Response* response) const noexcept { MHD_destroy_response(response); }
};
using MhdResponse = std::unique_ptr<MHD_Response, MhdResponseUnref>;

ServedRequest read_request(MHD_Connection* connection, const ServedFile& file, bool head_only);

// A range counts for GET alone, and only of the file that the client thinks it is (RFC 9110 sections 13.1.5, 14.2).
ByteRange wanted_range(MHD_Connection* connection, const ServedFile& file, bool head_only);

// A short text; the connection ends with it: whoever asks for what is not there does not keep one.
MhdResponse text_answer(std::string_view body);

// "bytes */length", for 416.
MhdResponse range_refusal(const ServedFile& file);

// `part` of the file by sendfile, from a copy of its descriptor. Null when there is no memory or descriptor for it.
MhdResponse file_answer(const ServedFile& file, const FilePart& part, bool is_partial);

}  // namespace homepatch
