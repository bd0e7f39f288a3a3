// A home in one process and in simulated time: the real engine on a real SQLite, with a device that a test plays by
// hand through a stand-in for deliveries, and with images that are always there unless a test says otherwise.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "base/simulated_loop.hpp"
#include "daemon/engine.hpp"
#include "storage/database.hpp"
#include "tests/support/scratch_folder.hpp"

namespace homepatch::test {

// What a driver was asked to do, in order, and a way to answer it.
class StandInDelivery final : public Delivery {
 public:
  class Handle final : public DeliveryHandle {
   public:
    Handle(StandInDelivery& owner, std::size_t index) : owner_(owner), index_(index) {}
    ~Handle() override { owner_.jobs[index_].dropped = true; }

   private:
    StandInDelivery& owner_;
    std::size_t index_;
  };
  struct Begun {
    DeliveryJob job;
    DeliveryReports reports;
    bool dropped = false;
  };

  std::unique_ptr<DeliveryHandle> begin(const DeliveryJob& job, DeliveryReports reports) override {
    jobs.push_back(Begun{job, std::move(reports)});
    return std::make_unique<Handle>(*this, jobs.size() - 1);
  }
  [[nodiscard]] bool listens() const override { return listening; }

  [[nodiscard]] std::size_t count(Command step) const {
    std::size_t n = 0;
    for (const auto& begun : jobs) n += begun.job.step == step ? 1U : 0U;
    return n;
  }
  [[nodiscard]] Begun& last(Command step) {
    for (auto it = jobs.rbegin(); it != jobs.rend(); ++it) {
      if (it->job.step == step) return *it;
    }
    ADD_FAILURE() << "no such job was begun";
    return jobs.front();
  }

  std::deque<Begun> jobs;
  bool listening = true;
};

class StandInImages final : public Images {
 public:
  explicit StandInImages(Loop& loop) : loop_(loop) {}

  class PendingHold final : public Hold {
   public:
    explicit PendingHold(StandInImages& owner) : owner_(owner) { ++owner_.held; }
    ~PendingHold() override { --owner_.held; }
    PendingHold(const PendingHold&) = delete;
    PendingHold& operator=(const PendingHold&) = delete;
    Timer answer;

   private:
    StandInImages& owner_;
  };
  class OpenOutlet final : public Outlet {
   public:
    explicit OpenOutlet(StandInImages& owner) : owner_(owner) { ++owner_.open_outlets; }
    ~OpenOutlet() override { --owner_.open_outlets; }
    OpenOutlet(const OpenOutlet&) = delete;
    OpenOutlet& operator=(const OpenOutlet&) = delete;
    void give_to(const std::string& address) override { owner_.given_to = address; }

   private:
    StandInImages& owner_;
  };

  std::unique_ptr<Hold> bring(const Update&, std::function<void(Result<void>, ImagesFailed)> done) override {
    ++brought;
    auto hold = std::make_unique<PendingHold>(*this);
    hold->answer = loop_.after(Duration::zero(), [this, done = std::move(done)] {
      if (failing == Reason::none) {
        done({}, {});
      } else {
        done(fail(Errc::unavailable, "the stand-in has no images"), ImagesFailed{failing, true, "", not_before});
      }
    });
    return hold;
  }

  Result<std::unique_ptr<Outlet>> open(const Update& update, const std::string& address, Fetching how) override {
    given_to = address;
    auto outlet = std::make_unique<OpenOutlet>(*this);
    for (const auto& image : update.images) {
      outlet->images.push_back(OpenImage{image.component, image.file_name, -1, image.length, image.sha256});
    }
    outlet->url = "http://127.0.0.1:1/" + update.token + "/" + update.images.front().file_name;
    fetching = std::move(how);
    return outlet;
  }

  int brought = 0;
  int held = 0;
  int open_outlets = 0;
  std::string given_to;  // the address that may fetch
  Reason failing = Reason::none;
  std::optional<Time> not_before;
  Fetching fetching;

 private:
  Loop& loop_;
};

class EngineTest : public ::testing::Test {
 protected:
  static constexpr auto kTick = std::chrono::milliseconds(1);

  EngineTest() {
    settings.policy.accept_always = true;
    boot();
  }

  // The daemon starts (again) on what is on the disk.
  void boot() {
    engine.reset();
    database.reset();
    database = Database::open(folder / "homepatch.db").value();
    auto next = std::make_unique<StandInImages>(loop);
    if (images) std::tie(next->failing, next->not_before) = std::tie(images->failing, images->not_before);
    images = std::move(next);
    delivery = std::make_unique<StandInDelivery>();
    std::map<Family, Delivery*> deliveries{{Family::tasmota, delivery.get()}};
    if (speaks_lwm2m) deliveries.emplace(Family::lwm2m, delivery.get());
    engine = std::make_unique<Engine>(loop, *database, *images, std::move(deliveries), settings);
    EXPECT_TRUE(engine->start());
    engine->shelf.set_state(FeedState{"acme", true, true});
    engine->shelf.put(lamp_catalog());
    pass(std::chrono::milliseconds(200));
  }

  void pass(Duration span) { loop.advance(span); }

  static DeviceId lamp_id() { return DeviceId::from_endpoint("lamp").value(); }

  static Catalog lamp_catalog() {
    Catalog catalog;
    catalog.feed = "acme";
    catalog.path = "acme.example/lamp/catalog.json";
    catalog.vendor_id = "acme.example";
    catalog.model_id = "lamp";
    catalog.match = {Match{Family::lwm2m, {{"manufacturer", "Acme"}, {"model", "Lamp"}}}};
    std::int64_t seq = 0;
    for (const char* version : {"1.0.0", "1.1.0"}) {
      Release release;
      release.id = version;
      release.version = version;
      release.seq = ++seq;
      Image image;
      image.component = "app";
      image.hw = {"any"};
      image.target = "acme.example/lamp/" + release.id + "/fw.bin";
      image.length = 1000;
      image.format = "raw";
      image.sha256 = Digest::parse(std::string(63, 'a') + std::to_string(seq)).value();
      release.images.push_back(image);
      catalog.releases.push_back(release);
    }
    return catalog;
  }

  Announcement lamp(std::string version, bool live = true) {
    Announcement announcement(lamp_id(), Family::lwm2m, loop.now(), live);
    announcement.manufacturer = "Acme";
    announcement.model = "Lamp";
    announcement.version = std::move(version);
    announcement.address = "127.2.0.1";
    return announcement;
  }
  Announcement registered() {
    Announcement announcement(lamp_id(), Family::lwm2m, loop.now(), true);
    announcement.restarted = true;
    announcement.reachable = true;
    return announcement;
  }
  void say(const Announcement& announcement) { engine->on_announcement(announcement); }
  void answer(Command step, const DeliveryReport& report) {
    auto reports = delivery->last(step).reports;
    reports(report);
  }

  [[nodiscard]] const Update& update() {
    EXPECT_FALSE(engine->updater.updates().empty());
    return engine->updater.updates().rbegin()->second;
  }

  // The lamp appears and its update goes as far as the phase.
  void bring_to(Phase phase) {
    say(lamp("1.0.0"));
    pass(std::chrono::seconds(1));
    ASSERT_EQ(delivery->count(Command::transfer), 1U);
    if (phase == Phase::transferring) return;
    answer(Command::transfer, Transferred{});
    pass(kTick);
    answer(Command::install, Installing{});
    pass(kTick);
    if (phase == Phase::installing) return;
    pass(std::chrono::seconds(5));
    say(registered());
    say(lamp("1.1.0"));
    pass(kTick);
    if (phase == Phase::confirming) return;
    pass(settings.rules.soak + kTick);
    say(lamp("1.1.0"));
    pass(kTick);
  }

  ScratchFolder folder;
  SimulatedLoop loop{Loop::WallTime(std::chrono::sys_days(std::chrono::year(2026) / 11 / 23))};
  Engine::Settings settings;
  bool speaks_lwm2m = true;
  std::unique_ptr<Database> database;
  std::unique_ptr<StandInImages> images;
  std::unique_ptr<StandInDelivery> delivery;
  std::unique_ptr<Engine> engine;
};

}  // namespace homepatch::test
