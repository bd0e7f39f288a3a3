// An artifact that is read and judged once more: its bytes are hashed in pieces, so that a large image does not hold up
// the loop. The caller (daemon/act/storeroom before it is served, daemon/fetch/caretaker from time to time) decides how
// much a turn takes. Only what was hashed whole and found right gives its descriptor away (I1); what is not right is
// thrown out of the cache and remembered. Whoever serves it pins it meanwhile.
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
  // not_found when it is not in the cache; not_trusted when its file is gone or is none.
  static Result<ArtifactOpening> begin(ArtifactCache& cache, const Digest& digest);

  // Hashes at most `bytes` more. True: all of it was right, and take() gives the descriptor. not_trusted when the file
  // changed since it came, or the disk cannot read it any more. not_found when it was taken out meanwhile.
  Result<bool> step(std::uint64_t bytes);
  // Closes the file until the next step: who reads slowly does not hold the room of an image that is evicted meanwhile.
  void pause() { fd_.reset(); }
  // Has the next step read the flash and not what the kernel remembers of it. A hint: not every file system takes it.
  Status forget_cached();

  // What the cache knew of it when begin() was called.
  [[nodiscard]] const Artifact& artifact() const { return artifact_; }
  // Once, after step() said true, without a pause(): the artifact is used now.
  [[nodiscard]] UniqueFd take(Time now);

 private:
  ArtifactOpening(ArtifactCache& cache, Artifact artifact);
  Status open_file();
  Status hash(std::uint64_t bytes);
  Unexpected throw_out(bool was_there);

  ArtifactCache* cache_;
  Artifact artifact_;
  UniqueFd fd_;
  std::uint64_t done_ = 0;
  Sha256 sha256_;
  std::vector<char> buffer_;
};

}  // namespace homepatch
