#pragma once
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "access/authenticator.h"
#include "access/directory.h"
#include "audit/checkpoint.h"
#include "audit/journal.h"
#include "authority/authority.h"
#include "ca/ca_directory.h"
#include "clock/clock.h"
#include "gateway/web/route.h"
#include "key_rotation/rotation.h"
#include "registration/profile_directory.h"
#include "registration/profile_publisher.h"
#include "revocation/crl_issuer.h"
#include "session/accounts.h"
#include "session/sessions.h"
#include "store/store.h"

namespace certwright::gateway::admin {

// Facts for `certwright doctor`: (name, value) pairs, collected when asked.
using StatusSource = std::function<std::vector<std::pair<std::string, std::string>>()>;

struct Dependencies {  // all must outlive the routes
  authority::Authority& authority;
  const ca::CaDirectory& cas;
  revocation::CrlIssuer& crls;
  const registration::ProfileDirectory& profiles;
  registration::ProfilePublisher& publisher;
  access::Directory& access;
  access::Authenticator& authenticator;
  audit::Journal& journal;
  const store::Store& store;  // only to be handed to audit's readers
  audit::CheckpointKey checkpoint_key;
  const Clock& clock;
  key_rotation::Rotation& rotation;
  session::Accounts& accounts;
  session::Sessions& sessions;
  StatusSource status;
  std::filesystem::path aggregate_folder{};  // of aggregate::Log; empty: there is none
};

// Everything under /api/v1.
std::vector<web::Route> admin_routes(const Dependencies& dependencies);

}  // namespace certwright::gateway::admin
