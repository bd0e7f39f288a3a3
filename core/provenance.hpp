// Where a firmware image came from and what vouches for it, shown to the owner with every release. It decides whether
// homepatch may install the image unasked; nothing on the network can raise it.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace homepatch {

enum class Provenance {
  signed_feed,    // a TUF repository: expiry, rollback, key rotation and threshold were checked
  signed_bundle,  // a container whose own signature a pinned key verifies
  operator_,      // an ISP's fleet server over TLS with a pinned certificate authority ("operator" is a C++ keyword)
  hash_only,      // an unsigned index that names the image's hash, over TLS
  local_admin,    // a file that the administrator brought, pinned by its SHA-256
};

std::string_view to_string(Provenance provenance);  // the enumerator's name; "operator" for operator_
std::optional<Provenance> provenance_from(std::string_view text);
std::span<const Provenance> all_provenances();  // from the strongest to the weakest

// What the owner should know of it, in one sentence.
std::string_view sentence(Provenance provenance);

// Whether policy may install such an image without asking. All others are asked for, image by image.
bool may_be_automatic(Provenance provenance, bool operator_opted_in);

}  // namespace homepatch
