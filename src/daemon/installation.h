#pragma once
// Every room, wired: reading the members of Installation is reading the architecture.
#include <memory>

#include "access/authenticator.h"
#include "access/directory.h"
#include "audit/checkpointer.h"
#include "audit/journal.h"
#include "authority/authority.h"
#include "ca/ca_directory.h"
#include "clock/clock.h"
#include "crypto/random.h"
#include "daemon/issuance_metrics.h"
#include "daemon/state_directory.h"
#include "delivery/download_grants.h"
#include "inventory/inventory.h"
#include "issuance/issuance_service.h"
#include "key_rotation/rotation.h"
#include "keys/sealer.h"
#include "metrics/registry.h"
#include "registration/profile_directory.h"
#include "registration/registration_authority.h"
#include "registration/request_desk.h"
#include "registration/selection_policies.h"
#include "revocation/crl_issuer.h"
#include "revocation/ocsp_responder.h"
#include "revocation/revocation_service.h"
#include "session/accounts.h"
#include "session/sessions.h"
#include "store/store.h"

namespace certwright::daemon {

// One state directory, opened: what `init`, `serve` and the offline ceremony work on. Members are in
// the order of their construction; each gets references to those above it.
class Installation {
 public:
  // Opens (or, for `init`, creates) the store and the keys in `state`. Loads no CA yet. `workers` is how
  // many threads answer requests: a part of them may make RSA keys at once (issuance/key_slots.h).
  // Errors: conflict if a server is running on it; those of keys and store.
  static Result<std::unique_ptr<Installation>> open(StateDirectory state, std::size_t workers,
                                                    session::SessionOptions session_options = {});

  // Profiles and CAs into memory, and an account of what a crash left behind.
  Result<void> load();

  const StateDirectory state;
  SystemClock clock;
  const std::unique_ptr<crypto::Random> random;
  metrics::Registry metrics;
  const std::unique_ptr<store::Store> store;
  const std::unique_ptr<keys::Sealer> sealer;
  audit::Journal journal;
  key_rotation::Rotation rotation;
  const std::unique_ptr<audit::CheckpointSigner> checkpoint_signer;
  audit::Checkpointer checkpointer;
  ca::CaDirectory cas;
  registration::ProfileDirectory profiles;
  registration::RegistrationAuthority registration;
  registration::ApprovalPasswords approval_passwords;
  registration::SelectionPolicies selection_policies;
  registration::RequestDesk requests;
  IssuanceMetrics issuance_metrics;
  issuance::IssuanceService issuance;
  authority::Authority authority;
  revocation::RevocationService revocation;
  revocation::CrlIssuer crls;
  revocation::OcspResponder ocsp;
  access::Directory access_directory;
  access::Authenticator authenticator;
  session::Sessions sessions;
  session::Accounts accounts;
  inventory::Inventory inventory;
  delivery::StoredPrincipals stored_principals;
  delivery::DownloadGrants download_grants;

 private:
  struct Opened;  // what needs more than a constructor: installation.cc
  Installation(StateDirectory directory, Opened opened);
};

// The server itself, as an actor in the audit log and as a principal that needs no role.
audit::Actor system_actor();
access::Principal system_principal();

}  // namespace certwright::daemon
