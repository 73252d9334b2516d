#pragma once
#include <utility>

#include "registration/issuance_request.h"
#include "store/records.h"

namespace certwright::registration {

// A request that was approved: what is to be issued, and the record that says so, under the profile
// version that was approved. Only the desk makes one; registration and issuance take it as evidence.
class DecidedRequest {
 public:
  DecidedRequest(DecidedRequest&&) = default;
  DecidedRequest& operator=(DecidedRequest&&) = default;
  const IssuanceRequest& request() const noexcept { return request_; }
  const store::RequestRecord& record() const noexcept { return record_; }

 private:
  friend class RequestDesk;
  DecidedRequest(IssuanceRequest request, store::RequestRecord record)
      : request_(std::move(request)), record_(std::move(record)) {}
  IssuanceRequest request_;
  store::RequestRecord record_;
};

}  // namespace certwright::registration
