#pragma once
// Does this request need somebody's approval, and whose? The rules stand in the CA's policy
// (ca/approval_rule.h); here they are applied to a request.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "access/principal.h"
#include "ca/certification_authority.h"
#include "profile/build.h"
#include "profile/profile.h"
#include "store/records.h"

namespace certwright::registration {

struct ApprovalRequirement {
  std::uint32_t officers = 0;             // 0: nobody
  bool password = false;                  // the CA's approval password will do instead
  std::vector<std::string> officers_of{}; // principals that count; empty: whoever may decide
  bool installation_officers = false;     // only those with a role in every tenant
  Seconds time_limit{};
  bool by_standing_rule = false;          // a rule wants officers, a standing rule lets this one pass
  std::string explanation{};              // half a sentence for people: which rule said so

  bool needed() const noexcept { return officers != 0; }
};

// The requirement for a request with these subject and names. None for certificates of CAs. Pure.
ApprovalRequirement approval_requirement(const ca::CertificationAuthority& ca, const profile::Profile& profile,
                                         std::string_view tenant,
                                         const profile::CertificateRequest& request);

// The same for the next certificate of a lineage. `is_unchanged`: same names and subject, no longer
// validity, same CA and profile version as before.
ApprovalRequirement renewal_requirement(const ca::CertificationAuthority& ca, const profile::Profile& profile,
                                        std::string_view tenant, const profile::CertificateRequest& request,
                                        bool is_unchanged);

// May `officer` be one of those who approve `request`? Not for rights over the object, which the door
// asks access about. Errors: not_permitted if it is the requester (by principal: another credential of
// the same account makes no second person), or not one of the rule's.
Result<void> check_officer(const ApprovalRequirement& requirement, const access::Principal& officer,
                           const store::RequestRecord& request);

// Does any rule of the CA want people?
bool has_approval_rules(const ca::CertificationAuthority& ca) noexcept;

}  // namespace certwright::registration
