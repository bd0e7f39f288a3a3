// Serves verified images to the devices that fetch them: plain HTTP from open descriptors, on the event loop.
// The updater opens a folder for an update and drops it when the device is through; the token lives with the update, so
// that the same address works again after a restart. Nothing else is kept.
//
// The profile that all device families can live with: HTTP/1.0 and 1.1, GET and HEAD, always a Content-Length,
// never chunked or encoded, x-MD5 with every image, one byte range, query strings ignored, no redirect, never 304.
// Everything unknown, and everything asked by an address that is not the folder's own, gets the same 404. Paths are
// compared byte by byte.
//
// What is served are exactly the bytes of the descriptor it was given, `length` of them (I1): a file that shrank ends
// in a cut connection, never in other bytes.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/event_loop.hpp"
#include "base/result.hpp"
#include "protocols/http/http_listeners.hpp"

namespace homepatch {

struct ServedFile {
  std::string name;  // 1..64 letters, digits, '.', '_', '-'; no '.' in front
  int fd = -1;       // borrowed: stays open, and its bytes unchanged, as long as the folder
  std::uint64_t length = 0;
  std::string md5_hex;  // 32 lower-case digits: what ESP devices check
};

struct ServerLimits {
  std::size_t connections = 128;
  std::size_t per_client = 8;  // of one address
  std::size_t strangers = 16;  // of all addresses for which no folder is open
  std::chrono::seconds request_time{10};
  std::chrono::seconds stall_time{60};
};

// A request for one of the folder's files, by its client. Texts are plain and bounded, empty where absent.
struct ServedRequest {
  std::string name;
  bool head_only = false;
  std::string user_agent;
  std::string station_mac;  // x-ESP8266-STA-MAC or x-ESP32-STA-MAC
  std::string version;      // x-ESP8266-version or x-ESP32-version: what the device runs now
};

// An answer that has ended.
struct ServedAnswer {
  std::string name;
  std::uint64_t from = 0;  // the part that was asked for: [from, to)
  std::uint64_t to = 0;
  std::uint64_t length = 0;  // of the file
  bool delivered = false;    // the device has acknowledged all of it
  // Whether the device has the file's end now; what it does with it only the device itself can tell.
  [[nodiscard]] bool complete() const { return delivered && to == length; }
};

// All come on later turns, and never after the folder was dropped. Any may be empty.
struct ServeEvents {
  std::function<void(const ServedRequest&)> on_request;
  // `position`: the device has acknowledged the file up to there in this answer. A few times a second at most.
  std::function<void(const std::string& name, std::uint64_t position)> on_progress;
  std::function<void(const ServedAnswer&)> on_done;
  // The server was full and sent the client away with 503: not the device's failure (I11).
  std::function<void()> on_shed;
};

class ArtifactServer {
 public:
  static constexpr std::size_t kMaxFolders = 1024;
  static constexpr std::size_t kMaxFiles = 8;      // of one folder
  static constexpr std::size_t kMaxUrl = 100;      // what the smallest devices store
  static constexpr std::size_t kTokenSize = 22;    // base64url characters: 128 bits
  static constexpr std::size_t kMaxFileName = 64;  // characters

  // Dropping it closes the folder at once: no further request, and answers that run are cut, bytes that wait in the
  // kernel included (I7).
  class Folder {
   public:
    class Link;
    Folder();
    explicit Folder(std::unique_ptr<Link> link);
    Folder(Folder&&) noexcept;
    Folder& operator=(Folder&&) noexcept;
    ~Folder();

    // From now on it is for the client at this IP address alone; answers that run to another one are cut.
    Status give_to(const std::string& client_ip);

   private:
    std::unique_ptr<Link> link_;
  };

  // Ignores SIGPIPE for the whole program. An address that cannot be used fails and is named.
  static Result<std::unique_ptr<ArtifactServer>> open(EventLoop& loop, const std::vector<ListenAddress>& addresses,
                                                      const ServerLimits& limits = {});
  ~ArtifactServer();
  ArtifactServer(const ArtifactServer&) = delete;
  ArtifactServer& operator=(const ArtifactServer&) = delete;

  static std::string new_token();

  // /<token>/<name> for each file, for the client at this IP address alone.
  Result<Folder> serve(const std::string& token, const std::string& client_ip, const std::vector<ServedFile>& files,
                       ServeEvents events);

  // The address under which this client reaches the file: the listener on the gateway's own address towards it.
  // too_large above kMaxUrl characters, not_found where no listener can be reached from there.
  [[nodiscard]] Result<std::string> url_for(const std::string& token, const std::string& name,
                                            const std::string& client_ip) const;

  // When the interfaces' addresses change; running answers go on. As HttpListeners::listen_on().
  Status listen_on(const std::vector<ListenAddress>& addresses);
  [[nodiscard]] std::vector<ListenAddress> listening() const;

  // Requests sent away with 503 since the start.
  [[nodiscard]] std::uint64_t shed() const;

 private:
  class Core;
  explicit ArtifactServer(std::shared_ptr<Core> core);

  std::shared_ptr<Core> core_;
};

}  // namespace homepatch
