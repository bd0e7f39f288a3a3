#include <fmt/format.h>

#include <map>

#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/documents.hpp"
#include "cli/table.hpp"
#include "cli/words.hpp"

namespace homepatch::cli {

namespace {

std::string answer_of(const Value& request) {
  const std::int64_t status = number_of(request, "status");
  return status == 0 ? "no answer" : std::to_string(status);
}

// What of a request can tell one home from another, besides the address that it comes from.
std::string identified_by(const Value& request) {
  std::string text = text_of(request, "user_agent");
  if (count_of(request, "validator_sent") > 0) text += ", a tag of an earlier answer";
  return text;
}

Table make_table(const Value& requests) {
  Table table(
      {{"WHEN", 0, 5}, {"HOST", 10}, {"PATH", 20}, {"ANSWER", 0, 3}, {"RECEIVED", 0, 2, true}, {"SENT WITH IT", 8, 1}});
  const std::int64_t now = now_millis();
  for (const Value& request : requests) {
    table.add({ago(number_of(request, "at"), now), text_of(request, "host"), text_of(request, "path"),
               answer_of(request), human_bytes(count_of(request, "received")), identified_by(request)});
  }
  return table;
}

Table make_hosts_table(const Value& hosts) {
  Table table({{"HOST", 10}, {"REQUESTS", 0, 1, true}, {"RECEIVED", 0, 2, true}, {"SENT", 0, 3, true}});
  for (const Value& host : hosts) {
    table.add({text_of(host, "host"), std::to_string(count_of(host, "requests")),
               human_bytes(count_of(host, "received")), human_bytes(count_of(host, "sent"))});
  }
  return table;
}

Json hosts_json(const Value& hosts) {
  Json list = Json::array();
  for (const Value& host : hosts) {
    list.push_back({{"host", text_of(host, "host")},
                    {"requests", count_of(host, "requests")},
                    {"received", count_of(host, "received")},
                    {"sent", count_of(host, "sent")}});
  }
  return list;
}

Json requests_json(const Value& requests) {
  Json list = Json::array();
  for (const Value& request : requests) {
    list.push_back({{"at", json_time(number_of(request, "at"))},
                    {"host", text_of(request, "host")},
                    {"path", text_of(request, "path")},
                    {"status", number_of(request, "status")},
                    {"received", count_of(request, "received")},
                    {"sent", count_of(request, "sent")},
                    {"user_agent", text_of(request, "user_agent")},
                    {"validator_sent", count_of(request, "validator_sent") > 0}});
  }
  return list;
}

Result<int> privacy(Program& program) {
  Bus bus = TRY(Bus::open());
  const Value answer = TRY(bus.get(kRoot, kManager, "ListRequests"));
  if (!answer.is_array() || answer.size() != 3 || !answer[2].is_number()) {
    return fail(Errc::internal, "homepatchd's answer is not what was asked for");
  }
  const Value& requests = answer[0];
  const auto total = answer[2].get<std::uint64_t>();
  if (program.json) {
    program.screen.print(
        document({{"requests", requests_json(requests)}, {"hosts", hosts_json(answer[1])}, {"total", total}}));
    return kExitDone;
  }
  if (requests.empty()) {
    program.screen.paragraph("Nothing has left the gateway since homepatchd started.");
    return kExitDone;
  }
  program.screen.print(make_table(requests).render(program.screen));
  program.screen.print(make_hosts_table(answer[1]).render(program.screen));
  program.screen.paragraph(
      fmt::format("{} since homepatchd started, {}; there are no others of its own.", counted(total, "request"),
                  total > requests.size()
                      ? fmt::format("of which the newest {} are listed and all are in the sums", requests.size())
                      : std::string("all listed")));
  program.screen.paragraph(
      "Each shows the server "
      "this home's internet address. Of a vendor that makes something here the catalogs of all its models are fetched "
      "while they are small together; the fetch of an image tells its model. Indexes are fetched whole: what you "
      "search "
      "for stays here. No cookie, name or serial number is "
      "sent.");
  return kExitDone;
}

}  // namespace

void add_privacy(CLI::App& app, Program& program) {
  add_command(app, program, "privacy", "Show every request that left the gateway, and what it gave away",
              [&program] { return privacy(program); });
}

}  // namespace homepatch::cli
