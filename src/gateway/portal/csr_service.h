#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/principal.h"
#include "audit/event.h"
#include "ca/ca_directory.h"
#include "gateway/portal/ca_template.h"
#include "gateway/portal/csr_form.h"
#include "issuance/issuance_service.h"
#include "registration/ca_selection.h"
#include "registration/request_desk.h"
#include "registration/selection_policies.h"
#include "store/store.h"

namespace certwright::gateway::portal {

// What became of a request that somebody brought.
struct Outcome {
  store::RequestRecord request{};  // as it is stored now
  // Issued: the certificate, with its DER where it is kept.
  std::optional<store::CertificateRecord> certificate{};
  ca::CaPtr ca{};  // of the request
  bool coalesced = false;
  // Extensions of the CSR, as OIDs, that its certificate does not have by the profile as it is now.
  std::vector<std::string> ignored_extensions{};
  std::string generate_key{}, renews{};  // in the place of a CSR: an algorithm, a serial number in decimal; or empty
};

// The longest validity that a CA gives by this profile now, in whole days, at most kMaxValidity_days; and
// which of the three limits it is, for people.
struct LongestValidity {
  std::int64_t days = 0;
  std::string rule{};
};

// The workflow of POST /csr/process, for programs (portal_door.h) and pages. Safe to call from any thread.
class CsrService {
 public:
  struct Dependencies {  // all must outlive the service
    registration::RequestDesk& requests;
    issuance::IssuanceService& issuance;
    const ca::CaDirectory& cas;
    const registration::ProfileDirectory& profiles;
    const registration::SelectionPolicies& selection;
    const store::Store& store;
    const Clock& clock;
  };
  explicit CsrService(Dependencies dependencies) : d_(dependencies) {}

  // Everything that can refuse does so before anything is stored. Then it is issued, or waits. Authorises.
  // Errors: policy and invalid with the field, naming rule and value; not_found, with field and value, for a CA
  // or a tenant that is not the caller's; registration's with the form's names of fields, lint's, issuance's.
  // Each is an audit record.
  // `form`: what came of reading it; that it could not be read is a refusal like any other.
  Result<Outcome> process(Result<CsrForm> form, const access::Principal& who, const audit::Actor& actor);

  // How the CA would be chosen, and why. Authorises: what the caller may not use is not named. Errors: internal.
  Result<registration::Selection> select(const CsrForm& form, const access::Principal& who,
                                         std::string_view client_address) const;

  // What the request has come to; changes nothing. The caller has authorised.
  Result<Outcome> look(store::RequestRecord request) const;

  // An active issuing CA that serves a tenant of the caller's. Errors, field "ca_id": not_found; policy for a
  // root.
  Result<ca::CaPtr> issuing_ca(std::string_view id, const access::Principal& who) const;
  // All of them that the caller may have certificates by, by id.
  // Tenants that they may request for, their own first. Errors: the store's.
  Result<std::vector<std::string>> tenants(const access::Principal& who) const;
  std::vector<ca::CaPtr> issuing_cas(const access::Principal& who) const;

  CaTemplate template_of(const ca::CertificationAuthority& ca) const;
  LongestValidity longest_validity(const ca::CertificationAuthority& ca, const profile::Profile& profile) const;

 private:
  struct Chosen {
    ca::CaPtr ca{};
    std::shared_ptr<const profile::Profile> profile{};
    std::string explanation{};
  };
  Result<registration::Selection> select_for(const CsrForm& form, std::optional<Seconds> validity,
                                             const access::Principal& who, std::string_view client_address) const;
  Result<Chosen> choose(const CsrForm& form, const access::Principal& who, const std::string& tenant,
                        std::string_view client_address) const;
  Result<void> check_tenant(const std::string& tenant, const access::Principal& who) const;
  Result<void> check_validity(const CsrForm& form, const Chosen& chosen) const;
  void record_refusal(const audit::Actor& actor, const std::string& profile, Error error) const;
  Result<registration::RequestDesk::Submitted> submit(CsrForm form, const access::Principal& who,
                                                      const audit::Actor& actor);
  std::vector<std::string> ignored_extensions(const store::RequestRecord& request) const;
  Result<Outcome> issue_approved(store::RequestRecord request, const audit::Actor& actor);

  Dependencies d_;
};

}  // namespace certwright::gateway::portal
