#pragma once
// What every back end refuses before it looks at its data, and which lineages a filter is about:
// one place, so that back ends cannot disagree.
#include "store/store.h"

namespace certwright::store {

inline constexpr std::size_t kMaxCommands = 10'000;       // in one transaction
inline constexpr std::size_t kMaxTextOctets = 64 * 1024;  // a text field; documents included
inline constexpr std::size_t kMaxNames = 10'000;          // of one certificate
inline constexpr std::size_t kMaxNameOctets = 4096;
inline constexpr std::size_t kMaxBlobOctets = 16 * 1024 * 1024;
inline constexpr std::size_t kMaxCrlOctets = 256 * 1024 * 1024;
inline constexpr std::uint32_t kMaxSealedRows = 1000;  // of managed_keys() and settings()
inline constexpr std::size_t kMaxKeyOctets = 255;  // of an idempotency key
inline constexpr std::size_t kMaxFilterTenants = 1000;
inline constexpr std::uint32_t kMaxRows = 100'000;    // of the other lists: more is cut to this
inline constexpr std::size_t kMaxLineageRows = 1000;  // of find_lineage()
inline constexpr std::uint32_t kMaxRequestRows = 1000;  // of requests_past(), open_requests_of(), audit_leaves_about()
inline constexpr std::uint32_t kMaxForgottenSessions = 1000;  // by one ForgetSessions

// Errors: too_large for sizes and counts; invalid for ids and counters that are 0 or do not fit 63
// bits, a serial that does not begin with its id, names with a line feed or NUL, reason
// removeFromCRL. The field is named.
Result<void> check_transaction(const Transaction& transaction);

// Errors: invalid, with the field.
Result<void> check_filter(const LineageFilter& filter);
Result<void> check_page(const Page& page);
Result<void> check_page(const RequestPage& page);
// Is the request one of those that the filter is about?
bool matches(const RequestFilter& filter, const RequestRecord& request);
// What a PutRequest may do to what is stored (null: nothing). Errors: those of PutRequest that this
// decides, "revision" and "state".
Result<void> check_step(const RequestRecord& request, const RequestRecord* stored);

// A principal has so many open requests that no more is taken (PutRequest::open_max). too_many_requests,
// field "pending"; for the requester, with the number.
Error too_many_open(std::uint32_t open_max);

// What a filter can be decided on without the certificates of the lineage.
struct LineageFacts {
  std::string_view tenant, ca, principal, entity_type, entity_id;
  Time not_after{};
  bool revoked = false;
};
// All conditions except `name` and `subject_public_key_sha256`.
bool matches(const LineageFilter& filter, const LineageFacts& facts);
// `pattern` as LineageFilter::name has it.
bool name_matches(std::string_view pattern, std::string_view name) noexcept;

// What find_lineage() gives of a lineage's certificates, `ascending`: the first and the newest.
std::vector<CertificateId> first_and_newest(std::vector<CertificateId> ascending);

// A revocation that replaces `present`, or nothing if it changes nothing: only certificateHold
// gives way, to any other reason, and its time stays.
std::optional<Revocation> next_revocation(const std::optional<Revocation>& present,
                                          const Revocation& wanted);

}  // namespace certwright::store
