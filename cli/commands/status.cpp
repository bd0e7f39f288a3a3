#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/documents.hpp"
#include "cli/layout.hpp"
#include "cli/words.hpp"

namespace homepatch::cli {

namespace {

constexpr const char* kConfiguration = "/etc/homepatch/homepatchd.toml";

struct FeedView {
  std::string name;
  std::string url;
  std::string state;  // never, current, stale, failing
  std::int64_t refreshed = 0;
  std::int64_t stale_since = 0;
  std::string text;
  std::uint64_t catalogs = 0;

  static FeedView from(const Value& d) {
    return {text_of(d, "name"),          text_of(d, "url"),  text_of(d, "state"),    number_of(d, "refreshed"),
            number_of(d, "stale_since"), text_of(d, "text"), count_of(d, "catalogs")};
  }
};

std::vector<FeedView> feeds_of(const Value& manager) {
  std::vector<FeedView> feeds;
  const auto list = manager.find("Feeds");
  if (list == manager.end() || !list->is_array()) return feeds;
  for (const Value& feed : *list) feeds.push_back(FeedView::from(feed));
  return feeds;
}

// Lines of "label  text", each followed by what to do where something is wrong.
class Report {
 public:
  explicit Report(const Screen& screen) : screen_(screen) {}

  void row(std::string_view label, std::string_view text, Tone tone = Tone::plain, std::string_view advice = "") const {
    std::string left = pad_to_width(label, kLabel);
    for (const std::string& piece : wrap(text, room())) {
      screen_.line(left + screen_.paint(tone, piece));
      left = std::string(kLabel, ' ');
    }
    for (const std::string& piece : wrap(advice, room())) screen_.line(std::string(kLabel, ' ') + piece);
  }

 private:
  static constexpr std::size_t kLabel = 11;
  [[nodiscard]] std::size_t room() const { return screen_.width() > kLabel + 20 ? screen_.width() - kLabel : 20; }

  const Screen& screen_;
};

// "connected: connected to the broker at ..." would say it twice.
std::string with_text(std::string state, const std::string& text) {
  if (text.empty()) return state;
  const std::string shown_text = printable(text, 400);
  return shown_text.starts_with(state) ? shown_text : fmt::format("{}: {}", state, shown_text);
}

void say_broker(const Report& report, const Value& m) {
  const std::string state = text_of(m, "Broker");
  const std::string text = with_text(shown(state), text_of(m, "BrokerText"));
  if (state == "connected") return report.row("Broker", text, Tone::good);
  if (state == "off") {
    return report.row("Broker", text, Tone::attention,
                      fmt::format("To find MQTT devices, name the broker under [mqtt] in {} and restart homepatchd.",
                                  kConfiguration));
  }
  report.row(
      "Broker", text, Tone::bad,
      fmt::format("Look whether the broker runs, and whether its address and password under [mqtt] in {} are right.",
                  kConfiguration));
}

// A feed may have signed a later time than the gateway knows of by itself.
void say_clock_below_floor(const Report& report, const Value& m) {
  const char* const state = flag_of(m, "ClockTrusted") ? "not trusted for every feed" : "not trusted";
  report.row(
      "Clock", with_text(state, text_of(m, "ClockText")), Tone::bad,
      fmt::format("It must show at least {}, which has passed by what network time or a feed's signed date said; "
                  "until it does, no new release is accepted. Look whether network time works (timedatectl "
                  "status). If it is the clock that is right: homepatchctl reset-clock",
                  local_time(number_of(m, "ClockFloor"))));
}

void say_clock(const Report& report, const Value& m) {
  if (flag_of(m, "ClockBelowFloor")) return say_clock_below_floor(report, m);
  if (flag_of(m, "ClockTrusted")) return report.row("Clock", with_text("trusted", text_of(m, "ClockText")), Tone::good);
  report.row("Clock", with_text("not trusted", text_of(m, "ClockText")), Tone::bad,
             "Until it is, no new release is accepted. Look whether network time works (timedatectl status); a gateway "
             "whose clock has a battery may say clock = \"trust\" in its configuration.");
}

void say_listening(const Report& report, const Value& m) {
  const auto places = texts_of(m, "Listening");
  if (!places.empty()) return report.row("Listens on", printable(fmt::format("{}", fmt::join(places, ", ")), 400));
  report.row(
      "Listens on", "nothing", Tone::attention,
      fmt::format("CoAP devices are not found: name the home's interfaces under [network] in {}.", kConfiguration));
}

void say_feed(const Report& report, const FeedView& feed) {
  const std::string age = feed.refreshed == 0 ? "never reached" : "asked " + ago(feed.refreshed, now_millis());
  const std::string text = with_text(
      fmt::format("{}: {}, {}, {}", shown(feed.name), shown(feed.state), age, counted(feed.catalogs, "catalog")),
      feed.text == feed.state ? "" : feed.text);
  if (feed.state == "current") return report.row("Feed", text, Tone::good);
  if (feed.state == "never") return report.row("Feed", text, Tone::attention, "Ask it now: homepatchctl refresh");
  if (feed.state == "stale") {
    return report.row(
        "Feed", text, Tone::bad,
        fmt::format("It is stale since {}: its signed statements have expired, so nothing new is taken from it. Try "
                    "homepatchctl refresh; if that does not help, its publisher has to renew them.",
                    local_time(feed.stale_since)));
  }
  report.row(
      "Feed", text, Tone::bad,
      fmt::format("Look whether {} can be reached from here and is what {} should name; then: homepatchctl refresh",
                  shown(feed.url), kConfiguration));
}

void say_feeds(const Report& report, const Value& m) {
  const auto feeds = feeds_of(m);
  for (const FeedView& feed : feeds) say_feed(report, feed);
  if (!feeds.empty()) return;
  report.row("Feed", "none", Tone::attention,
             fmt::format("Without a feed nothing can be patched: name the makers' feeds, each under [[feed]], in {}.",
                         kConfiguration));
}

void say_figures(const Report& report, const Value& m) {
  report.row("Devices", fmt::format("{}, {} under way", counted(count_of(m, "Devices"), "device"),
                                    counted(count_of(m, "UpdatesUnderWay"), "update")));
  const std::uint64_t used = count_of(m, "CacheBytes");
  const std::uint64_t quota = count_of(m, "CacheQuota");
  const bool full = quota > 0 && used > quota / 10 * 9;
  report.row("Cache",
             fmt::format("{}, {} of {}", counted(count_of(m, "CacheObjects"), "image"), human_bytes(used),
                         quota == 0 ? "no limit" : human_bytes(quota)),
             full ? Tone::attention : Tone::plain,
             full ? fmt::format("It is nearly full; raise quota_mib under [cache] in {}.", kConfiguration) : "");
  report.row("Internet", fmt::format("{} fetched, {} saved by the cache", human_bytes(count_of(m, "WanBytes")),
                                     human_bytes(count_of(m, "SavedBytes"))));
}

void say_limits(const Report& report, const Value& m) {
  const std::uint64_t refused = count_of(m, "DevicesRefused");
  if (refused == 0) return report.row("Limits", "none reached", Tone::good);
  report.row(
      "Limits", fmt::format("the most devices are known: {} more refused", refused), Tone::bad,
      fmt::format("Forget those that are gone (homepatchctl forget DEV), or raise max_devices in {}. If you do not "
                  "have so many, something in the home invents them: look who may write to the broker.",
                  kConfiguration));
}

Json feeds_json(const Value& manager) {
  Json list = Json::array();
  for (const FeedView& f : feeds_of(manager)) {
    list.push_back({{"name", f.name},
                    {"url", f.url},
                    {"state", f.state},
                    {"refreshed", json_time(f.refreshed)},
                    {"stale_since", json_time(f.stale_since)},
                    {"text", f.text},
                    {"catalogs", f.catalogs}});
  }
  return list;
}

Json status_json(const Value& m) {
  return {{"version", text_of(m, "Version")},
          {"broker", text_of(m, "Broker")},
          {"broker_text", text_of(m, "BrokerText")},
          {"clock_trusted", flag_of(m, "ClockTrusted")},
          {"clock_text", text_of(m, "ClockText")},
          {"clock_floor", json_time(number_of(m, "ClockFloor"))},
          {"clock_below_floor", flag_of(m, "ClockBelowFloor")},
          {"accept_new", text_of(m, "AcceptNew")},
          {"listening", texts_of(m, "Listening")},
          {"feeds", feeds_json(m)},
          {"devices", count_of(m, "Devices")},
          {"devices_refused", count_of(m, "DevicesRefused")},
          {"updates_under_way", count_of(m, "UpdatesUnderWay")},
          {"cache_objects", count_of(m, "CacheObjects")},
          {"cache_bytes", count_of(m, "CacheBytes")},
          {"cache_quota", count_of(m, "CacheQuota")},
          {"wan_bytes", count_of(m, "WanBytes")},
          {"saved_bytes", count_of(m, "SavedBytes")}};
}

void print(const Screen& screen, const Value& m) {
  const Report report(screen);
  report.row("homepatch", shown(text_of(m, "Version")));
  say_broker(report, m);
  say_clock(report, m);
  say_listening(report, m);
  say_feeds(report, m);
  report.row("New ones",
             text_of(m, "AcceptNew") == "always" ? "are accepted by themselves" : "wait until you accept them");
  say_figures(report, m);
  say_limits(report, m);
}

Result<int> status(Program& program) {
  Bus bus = TRY(Bus::open());
  const Value manager = TRY(bus.get(kRoot, kProperties, "GetAll", kManager));
  if (program.json) {
    program.screen.print(document({{"status", status_json(manager)}}));
  } else {
    print(program.screen, manager);
  }
  return kExitDone;
}

}  // namespace

void add_status(CLI::App& app, Program& program) {
  add_command(app, program, "status", "Show how homepatchd itself stands, and what to do where something is wrong",
              [&program] { return status(program); });
}

}  // namespace homepatch::cli
