#pragma once
// Administration of tenants, principals, credentials and roles. Does not authorise: the caller asks
// authorise() and may_manage() first. Every change is one transaction together with its evidence.
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/principal.h"
#include "access/token.h"
#include "bytes/secret_bytes.h"
#include "clock/clock.h"
#include "crypto/random.h"
#include "errors/result.h"
#include "store/store.h"

namespace certwright::access {

// Makes the commands that record a change (audit leaves) in the transaction of the change. It is
// given the id of what was created or changed: tenant, principal or credential.
using Evidence = std::function<store::Transaction(std::string_view id)>;

struct TenantToCreate {
  std::string id;    // 1 to 63 of a-z, 0-9 and '-', not first or last
  std::string name;  // 1 to 200 octets of UTF-8 without control characters
};

struct PrincipalToCreate {
  std::string tenant;
  std::string name;   // 1 to 200 octets of UTF-8 without control characters
  std::string email;  // empty, or an addr-spec of at most 254 octets
  store::PrincipalKind kind = store::PrincipalKind::machine;
  std::vector<RoleBinding> bindings;  // at most kMaxBindings
};

struct TokenToCreate {
  std::string principal;
  std::string label;                // at most 200 octets
  std::optional<Time> expires_at;   // after now; none: until revoked
  std::string created_by{};         // the principal that is given its text; empty: not known
};

struct CreatedToken {
  store::CredentialRecord credential;
  SecretBytes text;  // cannot be had again
};

// Of an address as principals may have it, one that mail can be sent to; empty is none, and good. Errors: invalid, field "email".
Result<void> check_email(std::string_view email);

// For a transaction that does something to `judged` because of the roles it has: conflict, field "roles", where
// it has others by then.
store::Command require_roles(const Principal& judged);

struct EmailChange {
  std::string principal;
  std::string before;  // as whoever changes it saw it
  std::string after;   // empty, or as of PrincipalToCreate
};

struct GrantEvidence {
  Evidence granted;           // is given the principal
  Evidence credential_ended;  // is given the id of each
  Evidence email_cleared;     // is given the address
};

// What a promotion has taken away.
struct Granted {
  std::vector<std::string> credentials_ended{};  // ids
  std::string email_cleared{};
};

struct FirstAdministrator {
  std::string name;
  std::string email{};  // as of PrincipalToCreate
};

struct Bootstrap {
  store::PrincipalRecord principal;
  CreatedToken token;
};

// Safe to call from any thread. Errors of every function: invalid (with field), not_found,
// conflict, unavailable. After a change, call Authenticator::invalidate(). What would leave nobody
// with role admin on "*" is refused: conflict, field "administrator". Who is disabled, or whose password is
// revoked, has no sessions from then on.
class Directory {
 public:
  static constexpr std::size_t kMaxBindings = 100;        // per principal
  static constexpr std::size_t kMaxCredentials = 1'000;   // per principal, revoked ones not counted
  static constexpr Seconds kBootstrapValidity{24 * 3600};
  static constexpr std::string_view kDefaultTenant = "default";

  // All must outlive the directory.
  Directory(store::Store& store, const Clock& clock, crypto::Random& random)
      : store_(store), clock_(clock), random_(random) {}

  // conflict if it exists. Two creations of one id at the same instant: the last one's name stays.
  Result<store::TenantRecord> create_tenant(const TenantToCreate& tenant, const Evidence& evidence);
  Result<void> set_tenant_disabled(std::string_view id, bool disabled, const Evidence& evidence);

  Result<store::PrincipalRecord> create_principal(const PrincipalToCreate& principal,
                                                  const Evidence& evidence);
  Result<void> set_principal_disabled(std::string_view id, bool disabled, const Evidence& evidence);
  // And nothing else of it: a sign-in name that was this address stays what it is. No evidence where nothing
  // changes. Errors: conflict, field "email", if it is not `before` by now; invalid.
  Result<void> set_principal_email(const EmailChange& change, const Evidence& evidence);

  Result<CreatedToken> create_token(const TokenToCreate& token, const Evidence& evidence);
  // `certificate_der` becomes a credential by its SHA-256. It is not judged here.
  Result<store::CredentialRecord> add_client_certificate(std::string_view principal,
                                                         ByteView certificate_der,
                                                         std::string_view label,
                                                         const Evidence& evidence,
                                                         std::string_view created_by = {});
  // Errors: not_found unless it is a credential of this principal.
  Result<void> revoke_credential(std::string_view principal, std::string_view id,
                                 const Evidence& evidence);

  // With a role that the administrators of its tenant could not give, a principal begins anew: those of its
  // credentials end, and the sessions that began with them, whose maker could not make this grant (its own
  // too, unless it could itself). Their makers may know their secrets, and would have the new rights with
  // them. Its e-mail address goes too, for nobody knows who set it: what is written to the new rights would be
  // read by them. Errors: conflict, field "roles", or "principal" where it was changed meanwhile.
  Result<Granted> grant_role(std::string_view principal, const RoleBinding& binding, const GrantEvidence& evidence);
  Result<void> remove_role(std::string_view principal, const RoleBinding& binding,
                           const Evidence& evidence);

  // As stored; the caller narrows them to what may be seen.
  Result<std::vector<store::TenantRecord>> list_tenants() const { return store_.list_tenants(); }
  Result<std::vector<store::PrincipalRecord>> list_principals(std::string_view tenant) const {
    return store_.list_principals(tenant);
  }
  Result<std::vector<store::CredentialRecord>> list_credentials(std::string_view principal) const {
    return store_.list_credentials(principal);
  }

  // With its bindings; disabled or not. For may_manage() and for showing.
  Result<Principal> find_principal(std::string_view id) const;

  // Principals with role admin on "*", enabled, in an enabled tenant, by id. Reads those alone, not
  // every principal: it is asked with each status.
  Result<std::vector<Principal>> administrators() const;

  // The first administrator: the default tenant, a principal with role admin on "*", and one token
  // valid for kBootstrapValidity. Errors: conflict if it was ever done in this store.
  Result<Bootstrap> bootstrap(const FirstAdministrator& administrator, const Evidence& evidence);

 private:
  struct Outgrown {
    std::vector<std::string> ended, kept;  // ids of credentials that are not revoked
  };
  Result<Outgrown> outgrown(const Principal& before, const Principal& after) const;

  store::Store& store_;
  const Clock& clock_;
  crypto::Random& random_;
};

}  // namespace certwright::access
