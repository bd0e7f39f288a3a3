// Bytes of a catalog.json that the feed's signatures cover -> core/catalog.hpp. Schema: docs/catalog.md.
// Strict about every field that decides something: one wrong, missing, repeated or unknown one refuses the whole
// catalog, with the field's name. Forgiving about what is only shown: malformed or unknown display fields read as
// absent.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.hpp"
#include "core/catalog.hpp"

namespace homepatch::feeds {

// `path` is the TUF target path that the bytes were fetched as; the catalog must name the same vendor and model.
// `feed` of the result is left empty. Errors: malformed, too_large (above kMaxCatalogBytes), unsupported (another
// version of the schema, or a device family that is not known).
Result<Catalog> read_catalog(std::string_view bytes, std::string_view path);

// Whether the TUF metadata's entry for image.target says the same as the catalog: the double statement that a feed
// cannot mix an image with another release's catalog. `tuf_sha256` is hexadecimal of any case; empty: the metadata
// gives no SHA-256, which is refused.
Status same_image(const Image& image, std::uint64_t tuf_length, std::string_view tuf_sha256);

}  // namespace homepatch::feeds
