#pragma once
// What a door asks for, and the proof that it may have it.
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "access/principal.h"
#include "audit/event.h"
#include "ca/certification_authority.h"
#include "pkcs10/certification_request.h"
#include "profile/build.h"
#include "profile/profile.h"
#include "store/records.h"

namespace certwright::authority { class Authority; }

namespace certwright::registration {

// Only the CA's own machinery can make one: it opens internal profiles and needs no role.
class SystemAuthority {
 private:
  friend class authority::Authority;
  SystemAuthority() = default;
};

struct IssuanceRequest {
  access::Principal principal;
  audit::Actor actor;
  std::string tenant;   // one of the principal's; empty: its own
  std::string ca;       // empty: the first active CA that serves the tenant and has the profile
  std::string profile;  // required
  std::string entity_type;  // free text, at most 64 octets
  std::string entity_id;    // free text, at most 256 octets

  // Exactly one: the holder's own key; one that we generate by this name of crypto's table (empty name: the
  // profile's first); or the newest certificate of a lineage, which is renewed: with the same key if that came by
  // CSR, with a new one if we made it. Then subject, names and copied extensions are that certificate's.
  std::optional<pkcs10::CertificationRequest> certification_request;
  std::string generate_key;
  std::optional<store::StoredCertificate> renews{};

  // With a CSR these are additions: subject and names of the CSR are taken when these are empty,
  // and must be equal to these when both are there.
  std::vector<profile::SubjectAttribute> subject;
  std::vector<x509::GeneralName> names;
  std::optional<Seconds> validity;
  std::optional<x509::NameConstraints> name_constraints{};  // CA profiles only
  // Names that the CSR asks for, as GeneralName::to_text(), and that the certificate shall not have.
  std::vector<std::string> names_removed{};
  std::string idempotency_key;  // empty: none; at most 255 octets, scoped to the principal
  // The digest that the key stands for, where the request is not any more as the door got it (a request that
  // waited); else it is request_digest().
  std::optional<store::Sha256> idempotency_sha256{};
  // The door brings what needs approval to the request desk: being told so is no refusal.
  bool can_wait = false;
};

// For the next certificate of a lineage: tenant, profile and entity are those of the newest. No validity: as long as
// that was issued for.
IssuanceRequest renewal_request(access::Principal principal, audit::Actor actor, store::StoredCertificate newest,
                                std::optional<Seconds> validity);

// Registration's answer to the UDP certificate generator: it may issue under this CA and this profile
// version, for whomever its port serves, until either changes (RegistrationAuthority::is_current()).
class StandingAuthority {
 public:
  const ca::CertificationAuthority& ca() const noexcept { return *ca_; }
  const profile::Profile& profile() const noexcept { return *profile_; }

 private:
  friend class RegistrationAuthority;
  StandingAuthority(ca::CaPtr ca, std::shared_ptr<const profile::Profile> profile)
      : ca_(std::move(ca)), profile_(std::move(profile)) {}
  ca::CaPtr ca_;
  std::shared_ptr<const profile::Profile> profile_;
};

// Registration's answer: this request, by this CA, under this profile version, is approved; the
// CSR's self-signature is verified and its key checked. Move-only; redeemed by issuance once.
class ApprovedRequest {
 public:
  ApprovedRequest(ApprovedRequest&&) = default;
  ApprovedRequest& operator=(ApprovedRequest&&) = default;

  const IssuanceRequest& request() const noexcept { return request_; }
  const std::string& tenant() const noexcept { return tenant_; }
  const ca::CertificationAuthority& ca() const noexcept { return *ca_; }
  const ca::CaPtr& ca_ptr() const noexcept { return ca_; }
  const profile::Profile& profile() const noexcept { return *profile_; }
  // Subject, names, extensions and, with a CSR, the key.
  const profile::CertificateRequest& certificate_request() const noexcept { return certificate_request_; }
  // Where people approved it: the record that says so. Null otherwise.
  const store::RequestRecord* decided() const noexcept { return decided_ ? &*decided_ : nullptr; }

 private:
  friend class RegistrationAuthority;
  ApprovedRequest() = default;
  IssuanceRequest request_;
  std::string tenant_;
  ca::CaPtr ca_;
  std::shared_ptr<const profile::Profile> profile_;
  profile::CertificateRequest certificate_request_;
  std::optional<store::RequestRecord> decided_;
};

}  // namespace certwright::registration
