#pragma once
// The life cycle of CAs: create, import, export a CSR, install the answer, retire. The only room that
// signs self-signed roots and a CA's own certification requests.
#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "audit/journal.h"
#include "bytes/secret_bytes.h"
#include "ca/ca_directory.h"
#include "issuance/issuance_service.h"
#include "keys/sealer.h"
#include "revocation/crl_issuer.h"
#include "revocation/ocsp_responder.h"
#include "revocation/revocation_service.h"
#include "store/store.h"

namespace certwright::authority {

struct NewCa {
  std::string id;       // [a-z0-9-]{1,63}
  std::string name;     // for people
  std::string subject;  // RFC 4514 text: "CN=Acme Root CA,O=Acme"
  std::string key_algorithm = "ecdsa-p256";
  std::string signature_algorithm;  // empty: the key's default
  Seconds validity{};
  ca::CaPolicy policy;
  // Subordinates only (else invalid): nameConstraints that exclude these, "bank.example" or "10.0.0.0/8".
  std::vector<std::string> excluded_names{};
};

struct ImportedCa {
  std::string id, name;
  Bytes certificate;                // DER
  std::vector<Bytes> issuer_chain;  // issuer first, root last; empty for a root
  SecretBytes private_key_pkcs8;    // empty: stays offline
  ca::CaPolicy policy;
};

// What knew the CA by its id, and knows its successor now.
struct CarriedOver {
  std::size_t roles = 0;             // given at this CA alone; they hold at both: what it issued is still revoked
  std::size_t selection_rules = 0;   // of tenants; they are the successor's
  bool approval_password = false;    // the same at both
  std::size_t open_requests = 0;     // not carried over: they were checked, and are approved, for the present CA
};

struct Rotated {
  ca::CaPtr successor;
  CarriedOver carried_over{};
};

struct ServerIdentity {  // TLS certificate of this server
  std::string chain_pem;  // leaf, then issuing CA
  SecretBytes private_key_pkcs8;
  Time not_after{};
};

// Everything that makes a CA or changes its policy refuses profiles that there are not (invalid), approval
// rules that would never count (invalid, field "approval[0].profiles" or "approval[0].automatic[0].tenant": a
// misspelt rule lets pass what it was to hold), and what would put interception and anything else under one root (policy, registration/hierarchy.h), both with
// field "profiles". Retiring a CA and taking its key away are never refused for that, nor are rotation and changes of
// other members for approval rules that were stored before they were checked.
class Authority final : public revocation::RevocationListener {
 public:
  struct Dependencies {
    store::Store& store;
    audit::Journal& journal;
    keys::Sealer& sealer;
    ca::CaDirectory& cas;
    registration::ProfileDirectory& profiles;
    issuance::IssuanceService& issuance;
    crypto::Random& random;
    const Clock& clock;
  };
  explicit Authority(Dependencies dependencies) : d_(dependencies) {}

  // Reads all CAs from the store into the directory, opening sealed keys. Errors: the store's; internal
  // if a key cannot be opened (naming the CA and what to do).
  Result<void> load();

  // A self-signed root, its key sealed here. Errors: conflict if the id is taken; invalid with field.
  Result<ca::CaPtr> create_root(const NewCa& ca, const audit::Actor& actor);
  // A CA below `parent`, whose key is here, through the one issuance path and the profile
  // intermediate-ca, or interception-ca where the CA is to have a profile that intercepts.
  // Errors: as create_root; not_found for the parent; policy.
  Result<ca::CaPtr> create_subordinate(const NewCa& ca, std::string_view parent,
                                       const access::Principal& principal, const audit::Actor& actor);
  // A key here and a CSR (PEM) for an offline or foreign parent; the CA waits for its certificate.
  Result<std::string> create_request(const NewCa& ca, const audit::Actor& actor);
  // The PEM CSR of a waiting CA again.
  Result<std::string> export_request(std::string_view id, const audit::Actor& actor);
  // The answer to the CSR: certificate and chain to a root; also a new certificate for the same key and
  // subject. Errors: invalid if the key, the subject, the CA rights, the signatures along the chain or
  // the dates do not fit; conflict if it is retired.
  Result<ca::CaPtr> install(std::string_view id, ByteView certificate_der,
                            const std::vector<Bytes>& issuer_chain, const audit::Actor& actor);
  Result<ca::CaPtr> import(ImportedCa ca, const audit::Actor& actor);
  // The policy that `change` makes of the present one. Errors: not_found; conflict for fewer CRL shards, and
  // if somebody else changes the CA at the same time; those of `change`.
  using PolicyChange = std::function<Result<ca::CaPolicy>(const ca::CaPolicy& present)>;
  Result<ca::CaPtr> change_policy(std::string_view id, const PolicyChange& change, const audit::Actor& actor);
  Result<ca::CaPtr> change_policy(std::string_view id, const ca::CaPolicy& policy, const audit::Actor& actor);
  // Would each rule count? Errors: invalid, field "approval[0]..."; unavailable.
  Result<void> check_approval_rules(const ca::CaPolicy& policy) const;  // policy_check.cc
  // A successor with a new key under the same parent, subject, nameConstraints and policy, for as long as
  // the present one was made, or the parent lives if that is shorter; what goes with the id is carried over,
  // and then the present one is retired. What it issued stays valid and chains as before. If it fails in
  // between, the present one is not retired yet. Afterwards call Authenticator::invalidate().
  // Its id is the present one's with the next number: "issuing" -> "issuing-2". Errors: conflict for
  // a root or a CA whose parent is not here (export a request for those); as create_subordinate.
  Result<Rotated> rotate(std::string_view id, const access::Principal& principal, const audit::Actor& actor);
  // It issues no more; CRLs and OCSP go on.
  Result<ca::CaPtr> retire(std::string_view id, const audit::Actor& actor);
  // Erases a root's key here for good, after leaving a CRL that is valid as long as the policy's
  // crl_period says, and after `keep` has put the key (PKCS#8) durably where it goes. From then on
  // later CRLs are imported. Errors: conflict if it is not a root or its key is not here; keep's, and
  // then the key stays.
  using KeyKeeper = std::function<Result<void>(const SecretBytes& pkcs8)>;
  Result<void> take_offline(std::string_view id, revocation::CrlIssuer& crls, const KeyKeeper& keep,
                            const audit::Actor& actor);

  // A CA whose certificate, or one above it, is revoked or on hold issues no more until a release;
  // so does one of which that cannot be read. CRLs that were imported are not looked at.
  void on_revocation_change(std::string_view ca, std::uint32_t crl_shard,
                            const x509::SerialNumber& serial) noexcept override;

  // A delegated OCSP responder for `ca`: a fresh P-256 key that lives in memory only.
  Result<revocation::ResponderIdentity> make_responder(const ca::CertificationAuthority& ca);
  // A TLS certificate for this server from its own CA, for these DNS names and IP addresses.
  Result<ServerIdentity> make_server_identity(const std::vector<std::string>& dns_names,
                                              const std::vector<std::string>& ip_addresses);

 private:
  struct KeyPair;  // key_pair.h
  Result<KeyPair> open_key(const store::CaRecord& record) const;
  Result<store::CaRecord> new_record(const NewCa& ca, const KeyPair& pair) const;
  Result<store::CaRecord> find_record(std::string_view id) const;
  Result<ca::CaPtr> store_ca(store::CaRecord record, std::shared_ptr<signer::Signer> signer,
                             const audit::Event& event, std::optional<store::Command> also = {});
  Result<ca::CaPtr> replace(std::string_view id, audit::Event event,
                            const std::function<Result<void>(store::CaRecord&, audit::Event&)>& change);
  Result<bool> is_revoked(const store::CaRecord& record, const std::vector<store::CaRecord>& all) const;
  void put_in_directory(const ca::CaPtr& ca);
  Result<std::string> next_id(const std::string& id) const;
  Result<CarriedOver> carry_over(const std::string& from, const std::string& to, const audit::Actor& actor);
  Result<std::size_t> carry_roles_over(const std::string& principal, const std::string& from, const std::string& to,
                                       const audit::Actor& actor);
  Result<void> check_new_ca(const NewCa& ca) const;
  Result<void> check_profiles(const ca::CaPolicy& policy) const;  // policy_check.cc
  Result<void> check_approval_rule(const ca::CaPolicy& policy, std::size_t index) const;
  Result<void> check_hierarchy(const store::CaRecord& record) const;
  Result<ca::CaPtr> create_subordinate(const NewCa& ca, std::optional<x509::NameConstraints> constraints,
                                       std::string_view parent, const access::Principal& principal,
                                       const audit::Actor& actor);
  Result<Bytes> sign_request(std::string_view subject, const KeyPair& pair) const;
  Result<Bytes> sign_request(const x509::Name& subject, const KeyPair& pair) const;
  Result<issuance::IssuedCertificate> issue_ca(registration::IssuanceRequest request,
                                               const access::Principal& principal);
  Dependencies d_;
  std::mutex directory_mutex_;  // from reading what is revoked to putting it into the directory
};

}  // namespace certwright::authority
