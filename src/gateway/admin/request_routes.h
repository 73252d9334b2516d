#pragma once
// /api/v1/requests...: what waits for approval, for officers, requesters and auditors; and what decides
// about it: approval passwords of CAs, selection policies of tenants.
#include <vector>

#include "audit/checkpoint.h"
#include "ca/ca_directory.h"
#include "gateway/web/route.h"
#include "issuance/issuance_service.h"
#include "registration/approval_password.h"
#include "registration/request_desk.h"
#include "registration/selection_policies.h"

namespace certwright::gateway::admin {

struct RequestDependencies {  // all must outlive the routes
  registration::RequestDesk& requests;
  issuance::IssuanceService& issuance;
  registration::ApprovalPasswords& passwords;
  registration::SelectionPolicies& selection;
  const ca::CaDirectory& cas;
  const store::Store& store;  // only to be handed to audit's readers, and for certificates of requests
  audit::CheckpointKey checkpoint_key;
};

std::vector<web::Route> request_routes(const RequestDependencies& dependencies);

}  // namespace certwright::gateway::admin
