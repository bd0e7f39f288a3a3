// An artifact on its way to being served: its bytes are hashed in pieces, so that a large image does not hold up the
// loop. The caller (daemon/act/storeroom) decides how much a turn takes. Only what was hashed whole and found right
// gives its descriptor away (I1). The artifact should be pinned meanwhile.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "core/digest.hpp"
#include "core/time.hpp"
#include "storage/artifact_cache.hpp"
#include "trust/hash.hpp"

namespace homepatch {

class ArtifactOpening {
 public:
  // not_found when it is not in the cache; not_trusted when its file is gone or is none: then it is thrown out of the
  // cache, so that it is fetched anew.
  static Result<ArtifactOpening> begin(ArtifactCache& cache, const Digest& digest);

  // Hashes at most `bytes` more. True: all of it was right, and take() gives the descriptor. not_trusted when the file
  // changed since it came: it is thrown out of the cache.
  Result<bool> step(std::uint64_t bytes, Time now);

  // What the cache knew of it when begin() was called.
  [[nodiscard]] const Artifact& artifact() const { return artifact_; }
  // Once, after step() said true.
  [[nodiscard]] UniqueFd take() { return std::move(fd_); }

 private:
  ArtifactOpening(ArtifactCache& cache, Artifact artifact, UniqueFd fd);
  Status hash(std::uint64_t bytes);
  Result<bool> throw_out();

  ArtifactCache* cache_;
  Artifact artifact_;
  UniqueFd fd_;
  std::uint64_t done_ = 0;
  Sha256 sha256_;
  std::vector<char> buffer_;
};

}  // namespace homepatch
