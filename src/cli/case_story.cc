#include "cli/case_story.h"

#include <algorithm>

#include <fmt/format.h>

#include "audit/journal.h"
#include "bytes/bytes.h"
#include "cli/output.h"
#include "crypto/digest.h"
#include "x509/serial_number.h"

namespace certwright::cli {
namespace {

// Details quote the file, which anybody may have written, and go to a terminal.
tl::unexpected<Error> differs(std::string_view detail) { return fail(Errc::invalid, printable(detail)); }

const json::Value& part_of(const json::Value& object, std::string_view name) {
  static const json::Value none;
  const auto* found = object.find(name);
  return found == nullptr ? none : *found;
}

// Anybody may write the id of a request into a reason, a comment or the name of an entity: what a record is about
// says one field alone. The same as audit::request_of(), which a test holds this against.
std::string request_of(std::string_view event, const json::Value& fields) {
  std::string_view field = "request";
  if (event == "CERTIFICATE_ISSUED" || event == "CERTIFICATE_RENEWED") field = "approval";
  if (event == "ACCESS_DENIED") field = "object";
  if (event == "NOTIFICATION_ACKNOWLEDGED") field = "subject";
  std::string id = text_of(fields, field);
  constexpr std::size_t kDigits = 32;
  if (id.size() != kDigits || id.find_first_not_of("0123456789abcdef") != id.npos) return {};
  return id;
}

// These say a state before and after; REQUEST_CHANGED says a profile and changes there.
bool moves(std::string_view event) {
  constexpr std::string_view kMoves[] = {"REQUEST_PENDING", "REQUEST_APPROVED", "REQUEST_DENIED", "REQUEST_WITHDRAWN",
                                         "REQUEST_EXPIRED", "REQUEST_ISSUED",   "REQUEST_FAILED"};
  return std::ranges::find(kMoves, event) != std::ranges::end(kMoves);
}

// An officer is who acted. The password and a rule are the requester's, whoever was acting when they were looked at.
std::array<std::string, 4> approval_of(std::string who, std::string kind, std::string binding, std::string comment) {
  if (kind != "officer") who.clear();
  return {std::move(who), std::move(kind), std::move(binding), std::move(comment)};
}

// Records are cut (audit::kMaxValueOctets, counted with escapes of at most six octets for one): then its beginning.
bool is_what_was_recorded(std::string_view shown, std::string_view recorded) {
  constexpr std::string_view kCut = "\xe2\x80\xa6";
  if (shown == recorded) return true;
  if (!recorded.ends_with(kCut) || recorded.size() < audit::kMaxValueOctets / 6) return false;
  return shown.starts_with(recorded.substr(0, recorded.size() - kCut.size()));
}

// "tls-server version 3 with {...}": the 3.
std::string version_in(std::string_view text, std::string_view profile) {
  const std::string before = fmt::format("{} version ", profile);
  if (!text.starts_with(before)) return {};
  text.remove_prefix(before.size());
  return std::string(text.substr(0, text.find(' ')));
}

}  // namespace

Result<void> CaseStory::take_received(const json::Value& record, const json::Value& fields) {
  if (!received_.empty()) return differs("two records say that the request came in");
  csr_sha256_ = text_of(fields, "csr_sha256");
  generate_key_ = text_of(fields, "generate_key");
  renews_ = text_of(fields, "renews");
  profile_version_ = text_of(fields, "profile_version");
  for (const auto* name : {"ca", "profile", "subject"}) received_.emplace_back(name, text_of(fields, name));
  for (const auto* name : {"principal", "door", "remote"})
    received_.emplace_back(name, text_of(part_of(record, "actor"), name));
  state_ = "received";
  return {};
}

// Two records name the certificate: that it was signed, and that it is this request's.
Result<void> CaseStory::take_serial(const json::Value& fields) {
  auto serial = text_of(fields, "serial");
  if (!serial_hex_.empty() && serial != serial_hex_) return differs("two records name different certificates");
  serial_hex_ = std::move(serial);
  return {};
}

void CaseStory::take_change(std::string_view event, const json::Value& record, const json::Value& fields) {
  if (auto binding = text_of(fields, "binding"); !binding.empty()) binding_ = std::move(binding);
  if (event == "APPROVAL_GIVEN")
    approvals_.push_back(approval_of(text_of(part_of(record, "actor"), "principal"), text_of(fields, "kind"),
                                     text_of(fields, "binding"), text_of(fields, "comment")));
  if (event == "APPROVAL_GIVEN" || event == "REQUEST_CHANGED") changes_sha256_ = text_of(fields, "changes_sha256");
  if (event == "REQUEST_CHANGED" && !received_.empty())
    profile_version_ = version_in(text_of(fields, "after"), received_[1].second);
}

// As the server writes them of the same records.
void CaseStory::take_checks(std::string_view event, const json::Value& record, const json::Value& fields) {
  const std::string checks = text_of(fields, "checks");
  if (checks.empty()) return;
  json::Array results;
  for (std::string_view rest = checks; !rest.empty();) {
    const auto end = rest.find('\n');
    results.emplace_back(rest.substr(0, end));
    rest = end == rest.npos ? std::string_view() : rest.substr(end + 1);
  }
  checks_.push_back(json::write(
      json::Object{{"time", text_of(record, "time")}, {"event", event}, {"results", std::move(results)}}));
}

Result<void> CaseStory::add(std::uint64_t position, const json::Value& record) {
  const std::string event = text_of(record, "event");
  const json::Value& fields = part_of(record, "fields");
  if (request_of(event, fields) != request_)
    return differs(fmt::format("record {} of the log is not about request {}", position, request_));
  if (position < next_position_)
    return differs(fmt::format("record {} of the log is repeated, or stands behind a later one", position));
  next_position_ = position + 1;
  if (event == "REQUEST_RECEIVED") CERTWRIGHT_CHECK(take_received(record, fields));
  if (event == "CERTIFICATE_ISSUED" || event == "CERTIFICATE_RENEWED") certificate_sha256_ = text_of(fields, "sha256");
  if (event == "CERTIFICATE_ISSUED" || event == "CERTIFICATE_RENEWED" || event == "REQUEST_ISSUED")
    CERTWRIGHT_CHECK(take_serial(fields));
  take_change(event, record, fields);
  take_checks(event, record, fields);
  if (!moves(event)) return {};
  if (const auto before = text_of(fields, "before"); has_all() && before != state_)
    return differs(fmt::format("a record is missing: {} follows on \"{}\", and the request was \"{}\"", event, before, state_));
  state_ = text_of(fields, "after");
  reason_ = text_of(fields, "reason");
  return {};
}

Result<void> CaseStory::check(const json::Value& file) const {
  const json::Value& request = part_of(file, "request");
  if (received_.empty() && has_all()) return differs("a record is missing: none says that the request came in");
  if (!received_.empty()) CERTWRIGHT_CHECK(check_asked(request));
  CERTWRIGHT_CHECK(check_serial(request));
  CERTWRIGHT_CHECK(check_checks(file));
  if (has_all()) CERTWRIGHT_CHECK(check_end(request));
  return {};
}

Result<void> CaseStory::check_asked(const json::Value& request) const {
  for (const auto& [name, recorded] : received_)
    if (!is_what_was_recorded(text_of(request, name), recorded))
      return differs(fmt::format("{} is not what the request came in with", name));
  if (text_of(request, "generate_key") != generate_key_)
    return differs("the key that is to be made is not the one that the records name");
  const std::string shown = text_of(request, "renews");
  std::string renews;
  if (!shown.empty()) {
    CERTWRIGHT_TRY(const auto serial, x509::SerialNumber::from_text(shown));
    renews = serial.hex();
  }
  if (renews != renews_) return differs("the certificate that is renewed is not the one that the records name");
  return {};
}

// Its serial is shown where the certificate itself is not kept, too.
Result<void> CaseStory::check_serial(const json::Value& request) const {
  const std::string shown = text_of(part_of(request, "certificate"), "serial_number");
  if (shown.empty() || (serial_hex_.empty() && lacks_some_)) return {};
  CERTWRIGHT_TRY(const auto serial, x509::SerialNumber::from_text(shown));
  if (serial.hex() != serial_hex_) return differs("the serial is not that of the certificate that the records name");
  return {};
}

// Of records that are not proved yet the file may show some more.
Result<void> CaseStory::check_checks(const json::Value& file) const {
  std::vector<std::string> shown;
  for (const auto& row : rows_of(file, "checks")) shown.push_back(json::write(row));
  auto told = checks_.begin();
  for (const auto& row : shown)
    if (told != checks_.end() && row == *told) ++told;
  if (told != checks_.end() || (has_all() && shown.size() != checks_.size()))
    return differs("what was checked is not what the records say");
  return {};
}

Result<void> CaseStory::check_approvals(const json::Value& request) const {
  std::vector<Approval> shown;
  for (const auto& row : rows_of(request, "approvals"))
    shown.push_back(approval_of(text_of(row, "principal"), text_of(row, "kind"), text_of(row, "binding"), text_of(row, "comment")));
  auto told = approvals_;
  std::ranges::sort(shown);
  std::ranges::sort(told);
  if (shown != told) return differs("the approvals are not those that the records tell of");
  return {};
}

Result<void> CaseStory::check_end(const json::Value& request) const {
  if (const auto shown = text_of(request, "state"); shown != state_)
    return differs(fmt::format("the request is \"{}\" by its records, and \"{}\" by the file", state_, shown));
  if (const auto shown = text_of(request, "reason"); shown != reason_)
    return differs("the reason is not the one that the records give");
  if (text_of(request, "binding") != binding_) return differs("the binding is not the one that the records give");
  if (text_of(request, "profile_version") != profile_version_)
    return differs("the version of the profile is not the one that the records give");
  CERTWRIGHT_CHECK(check_approvals(request));
  const auto* difference = request.find("difference");
  const bool is_changed = difference != nullptr && (difference->find("validity_s") != nullptr ||
                                                    !rows_of(*difference, "names_removed").empty());
  const std::string digest = is_changed ? to_hex(crypto::sha256(as_bytes(json::write(*difference)))) : std::string();
  if (digest != changes_sha256_) return differs("what officers changed is not what the records name");
  return {};
}

}  // namespace certwright::cli
