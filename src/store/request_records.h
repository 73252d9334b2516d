#pragma once
// Requests for certificates that somebody has to approve, and the approvals: rows of 0009_request.sql.
// Included by records.h. Enum values marked `stored` are on disk and never change their number.
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bytes/bytes.h"
#include "clock/clock.h"
#include "errors/result.h"

namespace certwright::store {

// Received: checked, nothing decided. Pending: waits for officers. Approved: may be issued, and will be,
// also after a crash. The others are final: a request in one of them never changes again.
enum class RequestState : std::uint8_t {  // stored
  received = 0,
  pending = 1,
  approved = 2,
  denied = 3,     // by an officer, with a reason
  withdrawn = 4,  // by the requester
  expired = 5,    // nobody decided in time
  issued = 6,     // committed together with the certificate
  failed = 7,     // approved, and refused afterwards: `reason` says why
};
inline constexpr bool is_open(RequestState state) noexcept { return state < RequestState::denied; }

enum class ApprovalKind : std::uint8_t {  // stored
  officer = 0,        // a principal with the right to decide, who is not the requester
  password = 1,       // the CA's approval password, which the requester knew
  standing_rule = 2,  // the CA's policy says that such a request needs nobody
};

struct RequestRecord {
  std::string id{};              // 32 hexadecimal digits: milliseconds, then randomness; sorts by time
  std::uint64_t revision = 0;  // optimistic lock: 1 on creation, +1 with each PutRequest
  RequestState state = RequestState::received;
  std::string tenant{};  // in which the certificate will be
  std::string ca{};
  std::string profile{};
  std::uint32_t profile_version = 0;  // that the checks were made against
  std::string principal{};              // the requester
  std::string email{};                  // the requester's, authenticated; may be empty
  std::string door{};                   // as in audit::Actor
  std::string remote{};
  std::string entity_type{};
  std::string entity_id{};
  std::string idempotency_key{};  // the requester's, also in `content`; empty: none
  Bytes certification_request{};  // DER (PKCS#10); empty: a renewal, or a key that we make, which `content` tells
  std::string subject{};          // RFC 4514 text of what was asked for; for lists
  std::string content{};          // JSON: what else was asked for (registration/request_content.h)
  std::string changes{};          // JSON: what an officer changed; "" if nothing
  std::array<std::uint8_t, 32> request_sha256{};  // equal requests of one requester have one value
  std::array<std::uint8_t, 32> binding{};         // what approvals are given to; changes with every change
  std::uint32_t approvals_needed = 0;  // officers
  std::string reason{};                  // of denial, withdrawal or failure
  std::string decided_by{};              // principal of the last decision; empty if there was none
  std::uint64_t certificate = 0;       // CertificateId: state issued; before it, the intent under way; 0: none
  Time received_at{};
  Time changed_at{};  // of the last change of state
  Time expires_at{};  // pending beyond this: expired
};

// Of a RequestRecord what a requester's next one is held against; the CSRs of all of them would be long.
struct OpenRequest {
  std::string id{};
  RequestState state = RequestState::received;
  std::array<std::uint8_t, 32> request_sha256{};
  std::string content{};
  Time changed_at{};
  Time expires_at{};
};

struct ApprovalRecord {
  std::string request{};
  std::string principal{};  // who approved; the requester itself for password and standing_rule
  ApprovalKind kind = ApprovalKind::officer;
  std::array<std::uint8_t, 32> binding{};  // RequestRecord::binding that was approved
  std::string comment{};
  Time approved_at{};
};

// Which requests a list is about. Conditions are and-ed; an empty one does not restrict.
struct RequestFilter {
  // What the caller may see, or-ed; empty: nothing at all.
  struct Grant {
    std::string tenant{};     // "*": every tenant
    std::string ca{};         // empty: every CA
    std::string principal{};  // empty: everybody's
  };
  std::vector<Grant> scope{};
  std::vector<RequestState> states{};  // any of these
  std::string tenant{};
  std::string ca{};
  std::string principal{};
};

struct RequestPage {
  std::uint32_t limit = 20;  // 1 to kMaxLimit
  std::string after{};       // keyset: requests that follow this id in the order; "" begins
  bool newest_first = true;
  static constexpr std::uint32_t kMaxLimit = 100;
  static constexpr std::uint32_t kMaxExamined = 5'000;  // requests looked at for one page
};

struct RequestList {
  std::vector<RequestRecord> requests{};
  // Where to go on, if there may be more. A page may be shorter than its limit, even empty, and have
  // one: looking at more requests would have taken too long.
  std::optional<std::string> next{};
};

// The reading half of requests; part of Store, whose promises hold.
class RequestQueries {
 public:
  virtual ~RequestQueries() = default;
  virtual Result<std::optional<RequestRecord>> find_request(std::string_view id) const = 0;
  // The one that is open (is_open()) and has this request_sha256.
  virtual Result<std::optional<RequestRecord>> find_open_request(
      const std::array<std::uint8_t, 32>& request_sha256) const = 0;
  // The newest that has this request_sha256, whatever its state.
  virtual Result<std::optional<RequestRecord>> find_newest_request(
      const std::array<std::uint8_t, 32>& request_sha256) const = 0;
  // Those of the principal that are open (is_open()), the oldest first; at most 1,000.
  virtual Result<std::vector<OpenRequest>> open_requests_of(std::string_view principal,
                                                            std::uint32_t limit) const = 0;
  // Errors: invalid for a page out of its limits.
  virtual Result<RequestList> list_requests(const RequestFilter& filter,
                                            const RequestPage& page) const = 0;
  // All, in the order in which they were given, also those to bindings that hold no more.
  virtual Result<std::vector<ApprovalRecord>> list_approvals(std::string_view request) const = 0;
  // Received or pending, with expires_at <= now: the first to expire first.
  virtual Result<std::vector<RequestRecord>> requests_past(Time now, std::uint32_t limit) const = 0;
};

}  // namespace certwright::store
