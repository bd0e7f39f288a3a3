// The port through which an update reaches a device: one implementation per family (protocols/), one in tests.
// A driver author sees only this: a job comes in, reports go out, dropping the handle stops it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "core/announcement.hpp"
#include "core/update.hpp"

namespace homepatch {

// Verified bytes, open. The descriptor stays open and its bytes unchanged for as long as the handle lives.
struct OpenImage {
  std::string component;
  std::string file_name;
  int fd = -1;
  std::uint64_t length = 0;
  Digest sha256;
};

struct DeliveryJob {
  explicit DeliveryJob(DeviceId id, Family kind) : device(std::move(id)), family(kind) {}

  UpdateId update = 0;
  DeviceId device;
  Family family;
  Command step = Command::transfer;  // transfer, install, inquire or settle
  bool resumed = false;              // the daemon died in this step; the device may be in the middle of it
  bool intermediate = false;         // the device runs its helper image, as far as is known
  std::string address;               // of the device
  Facts facts;                       // of the device
  std::string from_version;
  std::string to_version;
  std::vector<OpenImage> images;  // step transfer: at least one; the first is the one to deliver
  std::string url;                // step transfer, families that pull: where the device fetches images[0]
};

struct Progress {
  std::uint64_t done = 0;
  std::uint64_t total = 0;
};

// settle answers with Settled, transfer with Progress... then Transferred or DeliveryFailed, install with Installing or
// DeliveryFailed. inquire has no report of success: its answer is an announcement like any other.
using DeliveryReport = std::variant<Progress, Transferred, Installing, DeliveryFailed, Settled>;
using DeliveryReports = std::function<void(const DeliveryReport&)>;

class DeliveryHandle {
 public:
  DeliveryHandle() = default;
  DeliveryHandle(const DeliveryHandle&) = delete;
  DeliveryHandle& operator=(const DeliveryHandle&) = delete;
  virtual ~DeliveryHandle() = default;
};

class Delivery {
 public:
  virtual ~Delivery() = default;

  // Every report, an instant failure included, comes on a later turn of the loop. After a final report there is
  // nothing more. Never null.
  [[nodiscard]] virtual std::unique_ptr<DeliveryHandle> begin(const DeliveryJob& job, DeliveryReports reports) = 0;

  // False: what lies between us and the devices is away or has only just come back, and their silence proves nothing.
  [[nodiscard]] virtual bool listens() const { return true; }
};

}  // namespace homepatch
