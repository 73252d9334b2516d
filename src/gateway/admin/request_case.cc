#include "gateway/admin/request_case.h"

#include <algorithm>
#include <deque>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "audit/export.h"
#include "gateway/admin/request_body.h"
#include "json/value.h"

namespace certwright::gateway::admin {
namespace {

// In the file: the first, and the last, which have how it ended.
constexpr std::size_t kMaxFirstRecords = 9'000;
constexpr std::size_t kMaxLastRecords = 1'000;
constexpr std::size_t kMaxCaseRead = 200'000;  // from the front; then the last of all
constexpr std::uint32_t kCaseReadAtOnce = 1'000;
constexpr std::uint64_t kMaxOfARepeatedKind = 100;

std::string text_at(const json::Value& value, std::string_view member) {
  const auto* found = value.find(member);
  const auto* text = found == nullptr ? nullptr : found->if_string();
  return text == nullptr ? std::string() : *text;
}

struct CaseRecord {
  store::AuditLeaf leaf;
  std::string time{}, event{}, checks{};
};

CaseRecord read_record(store::AuditLeaf leaf) {
  CaseRecord record{.leaf = std::move(leaf)};
  const auto parsed = json::parse(as_text(record.leaf.record));
  if (!parsed) return record;
  record.time = text_at(*parsed, "time");
  record.event = text_at(*parsed, "event");
  if (const auto* fields = parsed->find("fields"); fields != nullptr) record.checks = text_at(*fields, "checks");
  return record;
}

struct CaseRecords {
  std::vector<CaseRecord> records{};  // the first
  std::deque<CaseRecord> last{};      // behind those; finish() joins the two
  std::map<std::string, std::uint64_t> left_out{};  // by event
  bool truncated = false;

  void add(CaseRecord record) {
    const bool can_be_without_end = record.event == "REQUEST_REPEATED" || record.event == "ACCESS_DENIED";
    if (can_be_without_end && ++seen_[record.event] > kMaxOfARepeatedKind) {
      ++left_out[record.event];
    } else if (records.size() < kMaxFirstRecords) {
      records.push_back(std::move(record));
    } else {
      last.push_back(std::move(record));
      if (last.size() <= kMaxLastRecords) return;
      last.pop_front();
      truncated = true;
    }
  }

  void finish() {
    std::ranges::move(last, std::back_inserter(records));
    last.clear();
  }

 private:
  std::map<std::string, std::uint64_t> seen_{};
};

// The position at which the last of them begin, fewer than kCaseReadAtOnce. The store knows no other order than
// that of the log, and a step on the way there costs one reading.
Result<std::uint64_t> start_of_last(const store::Store& store, std::string_view request, std::uint64_t from) {
  CERTWRIGHT_TRY(std::uint64_t end, store.audit_size());
  while (from < end) {
    const std::uint64_t middle = from + (end - from) / 2;
    CERTWRIGHT_TRY(const auto leaves, store.audit_leaves_about(request, middle, kCaseReadAtOnce));
    if (leaves.size() < kCaseReadAtOnce) end = middle;
    else from = middle + 1;
  }
  return end;
}

Result<CaseRecords> records_about(const store::Store& store, std::string_view request) {
  CaseRecords found;
  std::uint64_t from = 0;
  bool at_last = false;
  for (std::size_t read = 0;;) {
    if (read >= kMaxCaseRead && !at_last) {
      CERTWRIGHT_TRY(const auto last, start_of_last(store, request, from));
      found.truncated = found.truncated || last > from;
      from = last;
      at_last = true;
    }
    CERTWRIGHT_TRY(auto leaves, store.audit_leaves_about(request, from, kCaseReadAtOnce));
    if (leaves.empty()) break;
    read += leaves.size();
    from = leaves.back().position + 1;
    for (auto& leaf : leaves) found.add(read_record(std::move(leaf)));
  }
  found.finish();
  return found;
}

void write_checks(json::Writer& w, const std::vector<CaseRecord>& records) {
  w.key("checks").begin_array();
  for (const auto& record : records) {
    if (record.checks.empty()) continue;
    w.begin_object().member("time", record.time).member("event", record.event).key("results").begin_array();
    for (std::string_view rest = record.checks; !rest.empty();) {
      const auto end = rest.find('\n');
      w.value(rest.substr(0, end));
      rest = end == rest.npos ? std::string_view() : rest.substr(end + 1);
    }
    w.end_array().end_object();
  }
  w.end_array();
}

// Of a record others see only what the request shows anyway: it has network addresses, of officers too.
void write_records(json::Writer& w, const RequestDependencies& d, const CaseRecords& found, bool may_audit) {
  w.key("records").begin_array();
  for (const auto& record : found.records) {
    w.begin_object().member("position", record.leaf.position);
    if (!may_audit) {
      w.member("time", record.time).member("event", record.event).end_object();
      continue;
    }
    w.key("record").raw(as_text(record.leaf.record));
    // Not where the newest checkpoint is older than the record: it can be had later.
    if (const auto proof = audit::prove_record(d.store, d.checkpoint_key, record.leaf.position)) w.member("proof", *proof);
    w.end_object();
  }
  w.end_array();
  w.key("left_out").begin_object();
  for (const auto& [event, count] : found.left_out) w.member(event, count);
  w.end_object();
}

constexpr std::string_view kChannels[] = {"in_product", "email", "webhook"};
constexpr std::string_view kNotificationStates[] = {"waiting", "delivered", "failed", "acknowledged"};

// Who was told of it, how, and whether it reached them; whom only for whoever may read the audit log.
Result<void> write_notifications(json::Writer& w, const RequestDependencies& d, const store::RequestRecord& request,
                                 bool may_audit) {
  CERTWRIGHT_TRY(const auto told, d.store.notifications().told_about(request.tenant, request.id));
  w.key("notifications").begin_array();
  for (const auto& each : told) {
    w.begin_object().member("event", each.event);
    w.member("channel", kChannels[static_cast<std::size_t>(each.channel)]);
    w.member("state", kNotificationStates[static_cast<std::size_t>(each.state)]);
    if (may_audit) w.member("recipient", each.recipient);
    w.member("created_at", to_rfc3339(each.created_at));
    if (each.settled_at) w.member("settled_at", to_rfc3339(*each.settled_at));
    w.end_object();
  }
  w.end_array();
  return {};
}

}  // namespace

Result<void> write_case(json::Writer& w, const RequestDependencies& d, const store::RequestRecord& request,
                        bool may_audit) {
  CERTWRIGHT_TRY(const auto found, records_about(d.store, request.id));
  w.begin_object().key("request");
  CERTWRIGHT_CHECK(write_request(w, d, request, may_audit));
  write_checks(w, found.records);
  write_records(w, d, found, may_audit);
  CERTWRIGHT_CHECK(write_notifications(w, d, request, may_audit));
  w.member("complete", found.left_out.empty() && !found.truncated).member("truncated", found.truncated);
  w.member("audit_key", d.checkpoint_key.text()).end_object();
  return {};
}

}  // namespace certwright::gateway::admin
