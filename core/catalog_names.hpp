// The form of the names that a catalog gives and that become paths: vendor and model ids, release ids, target paths.
// The reader of catalogs, the publisher's tool and the configuration ask here, so that they cannot disagree. None of
// these names can leave a folder, hide a file or need quoting in a URL or a shell.
#pragma once

#include <string>
#include <string_view>

namespace homepatch {

// A domain name in lower case, RFC 1123 labels joined by dots: "acme.example".
bool is_vendor_id(std::string_view text);

// One path segment of a-z 0-9 . _ - that starts with a letter or digit: "lamp-a19".
bool is_model_id(std::string_view text);

// One path segment of letters, digits and . _ - that starts with a letter or digit: "1.2.0-45". No '+', which some web
// stores read as a space.
bool is_release_id(std::string_view text);

// One path segment like a release id, at most kMaxFileName bytes.
inline constexpr std::size_t kMaxFileName = 128;
bool is_file_name(std::string_view text);

// Segments like file names, joined by '/', at most kMaxTargetPath bytes together.
bool is_target_path(std::string_view text);

// "<vendor>/<model>/": every target of a model lies under it.
std::string model_folder(std::string_view vendor_id, std::string_view model_id);

// "<vendor>/<model>/catalog.json"
std::string catalog_path(std::string_view vendor_id, std::string_view model_id);
bool is_catalog_path(std::string_view text);

// "YYYY-MM-DD", a day that exists.
bool is_date(std::string_view text);

// "YYYY-MM-DDTHH:MM:SSZ", a moment that exists; no fraction, no other zone.
bool is_timestamp(std::string_view text);

// The files of a feed that do not belong to one model. No vendor id can have this name.
inline constexpr std::string_view kModelsPath = "_feed/models.json";
inline constexpr std::string_view kDenyPath = "_feed/deny.json";

// The reserved name of the feed that is none: the images that an administrator imported (daemon/fetch/local_releases).
inline constexpr std::string_view kLocalFeed = "local";

}  // namespace homepatch
