#pragma once
// Who is asking, and what they may do to which object. The table role x action is in principal.cc,
// once; every door asks here and nowhere else.
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "errors/result.h"

namespace certwright::access {

enum class Role : std::uint8_t { admin, issuer, approver, auditor, requester };

// What a door is about to do. `read` needs no further right to see an object's metadata;
// `download` is anything that could deliver a private key.
enum class Action : std::uint8_t {
  certificate_issue,      // with a key that we generate
  certificate_issue_csr,  // for the requester's own key
  certificate_read,
  certificate_list,
  certificate_renew,
  certificate_revoke,  // also hold and release
  certificate_download,
  ca_read,
  ca_manage,             // create below, policy, retire, install, attach a profile
  ca_issue_subordinate,  // profiles with ca = true, e.g. intermediate-ca
  crl_import,
  profile_read,
  profile_manage,
  access_read,    // tenants, principals, tokens, roles
  access_manage,  // the same, changing
  audit_read,
  metrics_read,
  keys_manage,  // the key-encryption key: look at its state, rotate it
  request_read,    // requests for approval, as certificates: tenant, CA, owner
  request_decide,  // approve, deny
};

// Stable names, as in JSON, audit records and the command line: "admin", "certificate_issue", ...
std::string_view name_of(Role role) noexcept;
std::string_view name_of(Action action) noexcept;
std::optional<Role> role_named(std::string_view name) noexcept;
std::span<const Role> all_roles() noexcept;
std::span<const Action> all_actions() noexcept;

struct RoleBinding {
  Role role = Role::requester;
  std::string tenant;  // "*": every tenant, and what belongs to none (CAs, profiles, the audit log)
  std::string ca;      // empty: every CA
  friend bool operator==(const RoleBinding&, const RoleBinding&) = default;
};

// An authenticated person or machine. All of it comes from the store, none from the request.
struct Principal {
  std::string id;
  std::string name;
  std::string tenant;
  std::string email;
  std::vector<RoleBinding> bindings;
};

// What the action is about.
// - certificates: tenant, ca and owner of the record; to issue: the tenant it will be in, the CA
//   that will sign, owner empty; to list: what was asked for, empty where nothing was (the
//   caller's Scope then narrows the rows).
// - CAs and CRLs: ca, no tenant. Profiles, audit log, metrics: nothing.
// - tenants: their id. Principals and tokens: the principal's tenant, owner = its id; also ask
//   may_manage() (below). A role binding to be granted: its tenant ("*" included) and ca.
struct Object {
  std::string tenant;
  std::string ca;
  std::string owner;  // principal
};

// May `principal` do this to `object`? Errors: not_found for a stranger, who has no right to read
// the object either (the same text as for an object that does not exist); not_permitted for one who
// may see it. Costs no allocation when the answer is yes. Safe to call from any thread.
Result<void> authorise(const Principal& principal, Action action, const Object& object);

// May `actor` act on `target` itself: disable it, make tokens for it, change its roles? Only one
// who manages its tenant and could grant every role it has: else a token for a stronger principal
// would be a way to its rights. Errors: as authorise().
Result<void> may_manage(const Principal& actor, const Principal& target);

// The error for an object that does not exist, the same that authorise() gives to strangers.
Error not_found_error();

// What `principal` may read, for lists and searches: the union of the grants; no grant, no row.
struct Scope {
  struct Grant {
    std::string tenant;  // "*": every tenant
    std::string ca;      // empty: every CA
    std::string owner;   // empty: everybody's; else only this principal's
    friend bool operator==(const Grant&, const Grant&) = default;
  };
  std::vector<Grant> grants;

  bool permits(const Object& object) const noexcept;
  bool empty() const noexcept { return grants.empty(); }
  static Scope everything() { return Scope{{Grant{"*", {}, {}}}}; }
};

// The scope of certificate_read, and of request_read. Grants that another one contains are left out.
Scope readable_scope(const Principal& principal);

}  // namespace certwright::access
