#pragma once
#include <vector>

#include "access/authenticator.h"
#include "gateway/pages/portal_port.h"
#include "gateway/web/route.h"
#include "session/accounts.h"
#include "session/sessions.h"

namespace certwright::notification {
class Inbox;
}

namespace certwright::gateway::pages {

struct Dependencies {  // all must outlive the routes
  session::Accounts& accounts;
  session::Sessions& sessions;
  access::Authenticator& authenticator;
  notification::Inbox& inbox;
  PortalPort* portal = nullptr;  // null: there are no pages of requests
};

// What people see: HTML made here, which works without scripts. Every route has ErrorForm::page.
std::vector<web::Route> pages_routes(const Dependencies& dependencies);

}  // namespace certwright::gateway::pages
