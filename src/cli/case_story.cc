#include "cli/case_story.h"

#include <algorithm>

#include <fmt/format.h>

#include "bytes/bytes.h"
#include "cli/output.h"
#include "crypto/digest.h"
#include "x509/serial_number.h"

namespace certwright::cli {
namespace {

tl::unexpected<Error> differs(std::string detail) { return fail(Errc::invalid, std::move(detail)); }

std::string member_text(const json::Value& object, std::string_view outer, std::string_view inner) {
  const auto* found = object.find(outer);
  return found == nullptr ? std::string() : text_of(*found, inner);
}

// These say a state before and after; REQUEST_CHANGED says a profile and changes there.
bool moves(std::string_view event) {
  constexpr std::string_view kMoves[] = {"REQUEST_PENDING", "REQUEST_APPROVED", "REQUEST_DENIED", "REQUEST_WITHDRAWN",
                                         "REQUEST_EXPIRED", "REQUEST_ISSUED",   "REQUEST_FAILED"};
  return std::ranges::find(kMoves, event) != std::ranges::end(kMoves);
}

// An officer is who acted. The password and a rule are the requester's, whoever was acting when they were looked at.
std::array<std::string, 3> approval_of(std::string who, std::string kind, std::string binding) {
  if (kind != "officer") who.clear();
  return {std::move(who), std::move(kind), std::move(binding)};
}

}  // namespace

void CaseStory::take_key(const json::Value& fields) {
  csr_sha256_ = text_of(fields, "csr_sha256");
  generate_key_ = text_of(fields, "generate_key");
  renews_ = text_of(fields, "renews");
}

Result<void> CaseStory::add(const json::Value& record) {
  const std::string event = text_of(record, "event");
  static const json::Value none;
  const auto* found = record.find("fields");
  const json::Value& fields = found == nullptr ? none : *found;
  if (event == "REQUEST_RECEIVED") {
    take_key(fields);
    state_ = "received";
  }
  if (event == "CERTIFICATE_ISSUED" || event == "CERTIFICATE_RENEWED") certificate_sha256_ = text_of(fields, "sha256");
  if (event == "APPROVAL_GIVEN")
    approvals_.push_back(approval_of(member_text(record, "actor", "principal"), text_of(fields, "kind"), text_of(fields, "binding")));
  if (event == "APPROVAL_GIVEN" || event == "REQUEST_CHANGED") changes_sha256_ = text_of(fields, "changes_sha256");
  if (!moves(event)) return {};
  if (const auto before = text_of(fields, "before"); before != state_)
    return differs(fmt::format("a record is missing: {} follows on \"{}\", and the request was \"{}\"", event, before, state_));
  state_ = text_of(fields, "after");
  reason_ = text_of(fields, "reason");
  return {};
}

Result<void> CaseStory::check_asked(const json::Value& request) const {
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

Result<void> CaseStory::check_approvals(const json::Value& request) const {
  std::vector<Approval> shown;
  for (const auto& row : rows_of(request, "approvals"))
    shown.push_back(approval_of(text_of(row, "principal"), text_of(row, "kind"), text_of(row, "binding")));
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
  CERTWRIGHT_CHECK(check_approvals(request));
  const auto* difference = request.find("difference");
  const bool is_changed = difference != nullptr && (difference->find("validity_s") != nullptr ||
                                                    !rows_of(*difference, "names_removed").empty());
  const std::string digest = is_changed ? to_hex(crypto::sha256(as_bytes(json::write(*difference)))) : std::string();
  if (digest != changes_sha256_) return differs("what officers changed is not what the records name");
  return {};
}

}  // namespace certwright::cli
