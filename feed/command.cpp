#include "feed/command.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>
#include <string_view>

#include "trust/tuf/time_text.hpp"

namespace homepatch::feed {

void Program::takes_work_folder(CLI::App& command) {
  command.add_option("--feed", work_folder, "The feed's work folder (default: the current folder)")->type_name("DIR");
}

void Program::takes_passphrases(CLI::App& command) {
  command
      .add_option("--passphrase-file", passphrase_files,
                  "A file with a passphrase of the keys on one line; may be given several times")
      ->type_name("FILE")
      ->allow_extra_args(false);
}

Result<Keyring> Program::keyring(const std::filesystem::path& folder) const {
  auto given = TRY(Passphrases::from_files(passphrase_files));
  return Keyring::open(folder, std::move(given));
}

Result<Time> Program::time() const {
  if (!now.empty()) return TRY_IN("--now", tuf::parse_time(now));
  const char* epoch = std::getenv("SOURCE_DATE_EPOCH");
  if (epoch == nullptr) return std::chrono::floor<Duration>(std::chrono::system_clock::now());
  const std::string_view text(epoch);
  std::int64_t seconds = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), seconds);
  constexpr std::int64_t kYear9999 = 253'402'300'799;
  if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size() || seconds < 0 || seconds > kYear9999) {
    return fail(Errc::invalid_argument, "SOURCE_DATE_EPOCH must be a number of seconds since 1970");
  }
  return Time(std::chrono::seconds(seconds));
}

void add_commands(Program& program) {
  add_init(program);
  add_add(program);
  add_publish(program);
  add_refresh(program);
  add_rotate(program);
  add_eol(program);
  add_deny(program);
  add_prepare(program);
  add_attach(program);
  add_sign(program);
  add_delegate(program);
  add_revoke(program);
  add_include(program);
  add_export(program);
  add_mirror(program);
  add_verify(program);
}

}  // namespace homepatch::feed
