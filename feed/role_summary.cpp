#include "feed/role_summary.hpp"

#include <fmt/format.h>

#include <iterator>
#include <set>

#include "base/text.hpp"
#include "core/catalog_names.hpp"
#include "feed/public_key.hpp"
#include "trust/hash.hpp"
#include "trust/tuf/time_text.hpp"

namespace homepatch::feed {

namespace {

using nlohmann::json;
using Out = std::back_insert_iterator<std::string>;

void describe_root(Out out, const SignedFile& root) {
  for (const auto role : {tuf::kRoot, tuf::kTargets, tuf::kSnapshot, tuf::kTimestamp}) {
    const auto holder = holder_of(root, role);
    if (!holder) continue;
    std::vector<std::string> names;
    for (const auto& key : holder->public_keys) names.push_back(brief(key));
    fmt::format_to(out, "From now on {} is signed by {} of: {}\n", role, holder->threshold, fmt::join(names, ", "));
  }
}

void describe_targets(Out out, const json& content) {
  std::size_t catalogs = 0;
  std::uint64_t bytes = 0;
  const auto& targets = content.at("targets");
  for (const auto& [path, entry] : targets.items()) {
    if (is_catalog_path(path)) ++catalogs;
    bytes += entry.value("length", std::uint64_t{0});
  }
  fmt::format_to(out, "Lists {} files, {} together, among them the catalogs of {} model(s).\n", targets.size(),
                 human_bytes(bytes), catalogs);
}

void describe_meta(Out out, const json& content) {
  for (const auto& [name, entry] : content.at("meta").items()) {
    fmt::format_to(out, "Vouches for {} of version {}, SHA-256 {}\n", name, entry.value("version", 0),
                   entry.at("hashes").value("sha256", ""));
  }
}

void describe_content(Out out, const RoleSummary& summary) {
  const auto& content = summary.file.content;
  if (summary.role == tuf::kRoot) return describe_root(out, summary.file);
  if (content.contains("targets")) return describe_targets(out, content);
  describe_meta(out, content);
}

// How openssl signs with a key of this kind; other tools have the same words for it.
std::string_view openssl_words(const json& key) {
  const auto kind = key.value("keytype", "");
  if (kind == "ed25519") return "openssl pkeyutl -sign -rawin -inkey KEY.pem -in {0} -out {0}.sig";
  if (kind == "ecdsa") return "openssl dgst -sha256 -sign KEY.pem -out {0}.sig {0}";
  return "openssl dgst -sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest -sign KEY.pem -out {0}.sig "
         "{0}";
}

void describe_signers(Out out, const RoleSummary& summary) {
  std::set<std::string> ways;
  for (const auto& count : summary.counts) {
    fmt::format_to(out, "\n{} asks for {} signature(s) of these keys; {} there:\n", count.holder.named_by,
                   count.holder.threshold, count.there);
    for (const auto& key : count.holder.public_keys) {
      fmt::format_to(out, "  {}  {}\n", tuf::key_id(key).value_or(""), key.value("keytype", ""));
      ways.insert(fmt::format(fmt::runtime(openssl_words(key)), summary.bytes_file));
    }
  }
  fmt::format_to(out, "\nTo sign with openssl; any other tool that signs the file as it is will do:\n");
  for (const auto& way : ways) fmt::format_to(out, "  {}\n", way);
  fmt::format_to(out, "Then bring the signature: homepatch-feed attach {} --key PUBKEY|KEYID {}.sig\n", summary.role,
                 summary.bytes_file);
}

}  // namespace

std::string content_text(const RoleSummary& summary) {
  std::string text;
  const Out out(text);
  fmt::format_to(out, "{} version {} of the feed \"{}\", valid until {}.\n", summary.role, summary.file.version,
                 summary.feed, tuf::time_text(summary.file.expires));
  describe_content(out, summary);
  if (!summary.changes.empty()) fmt::format_to(out, "\n{}", summary.changes);
  return text;
}

std::string summary_text(const RoleSummary& summary) {
  auto text = content_text(summary);
  const Out out(text);
  fmt::format_to(out, "\nTo be signed: {}, {} bytes, SHA-256 {}\n", summary.bytes_file, summary.bytes.size(),
                 sha256(summary.bytes).hex());
  describe_signers(out, summary);
  return text;
}

}  // namespace homepatch::feed
