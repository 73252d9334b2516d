#pragma once
// What changes requests; part of commands.h.
#include "store/request_records.h"

namespace certwright::store {

// Insert when request.revision == 1, else replace.
// Errors: conflict, field "revision", if the stored revision is not request.revision - 1; conflict,
// field "state", if the stored state is final; conflict, field "request_sha256", if another open request
// has it (find_open_request() tells which); too_many_requests, field "pending", if it is an insert of
// an open request and its principal has `open_max` open ones already; too_many_requests, field "received",
// if it is an insert and its principal has `received_max` already with ids after `received_after`, whatever
// became of them but a certificate.
struct PutRequest {
  RequestRecord request{};
  std::uint32_t open_max = 0;  // 0: no limit
  std::uint32_t received_max = 0;  // 0: no limit
  std::string received_after{};    // ids sort by time
};

// Goes into the transaction of the PutRequest that takes account of it, after that: so two officers at
// the same moment count each other.
// Errors: not_found, field "request"; conflict, field "binding", if it is not to what the request is
// now; not_permitted, field "principal", for an officer's approval by the requester; conflict, field
// "principal", if this principal has approved this binding before.
struct AddApproval { ApprovalRecord approval; };

}  // namespace certwright::store
