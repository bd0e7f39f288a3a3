#include "private_bus.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace homepatch::cli {

namespace {

constexpr const char* kConfiguration = R"(<busconfig>
  <listen>unix:path={0}/bus</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_destination="*"/>
    <allow receive_sender="*"/>
{1}  </policy>
</busconfig>
)";

std::filesystem::path new_folder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "homepatch-cli-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
  return pattern;
}

// The daemon writes its address when it listens: nothing has to be waited for by the clock.
bool wait_until_it_listens(int fd) {
  pollfd waiting{fd, POLLIN, 0};
  std::array<char, 512> address{};
  return ::poll(&waiting, 1, 20'000) == 1 && ::read(fd, address.data(), address.size()) > 0;
}

}  // namespace

PrivateBus::PrivateBus(const std::vector<std::string>& denied) : folder_(new_folder()) {
  std::string rules;
  for (const std::string& method : denied) {
    const std::size_t dot = method.rfind('.');
    rules += fmt::format("    <deny send_interface=\"{}\" send_member=\"{}\"/>\n", method.substr(0, dot),
                         method.substr(dot + 1));
  }
  const std::string file = folder_ / "bus.conf";
  std::ofstream(file) << fmt::format(kConfiguration, folder_.string(), rules);
  address_ = fmt::format("unix:path={}/bus", folder_.string());

  std::array<int, 2> ready{};
  if (::pipe(ready.data()) != 0) throw std::runtime_error("no pipe");
  const std::string configuration = "--config-file=" + file;
  const std::string log_file = folder_ / "log";
  const std::string print = fmt::format("--print-address={}", ready[1]);
  daemon_ = ::fork();
  if (daemon_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    // It grumbles about limits that it may not raise here; what it says matters only when it does not start.
    const int log = ::open(log_file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    ::dup2(log, STDERR_FILENO);
    ::execlp("dbus-daemon", "dbus-daemon", configuration.c_str(), "--nofork", "--nopidfile", print.c_str(), nullptr);
    ::_exit(127);
  }
  ::close(ready[1]);
  const bool listens = wait_until_it_listens(ready[0]);
  ::close(ready[0]);
  if (!listens) {
    std::stringstream log;
    log << std::ifstream(log_file).rdbuf();
    throw std::runtime_error("dbus-daemon did not start: " + log.str());
  }
}

PrivateBus::~PrivateBus() {
  stop();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void PrivateBus::stop() {
  if (daemon_ <= 0) return;
  ::kill(daemon_, SIGKILL);
  ::waitpid(daemon_, nullptr, 0);
  daemon_ = -1;
}

}  // namespace homepatch::cli
