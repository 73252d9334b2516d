#pragma once
#include <vector>

#include "gateway/web/route.h"
#include "notification/inbox.h"
#include "notification/templates.h"
#include "notification/webhooks.h"

namespace certwright::gateway::notices {

struct Dependencies {  // all must outlive the routes
  notification::Inbox& inbox;
  notification::Webhooks& webhooks;
  notification::Templates& templates;
};

// /api/v1/notifications, /api/v1/webhooks and /api/v1/notification-templates.
std::vector<web::Route> routes(const Dependencies& dependencies);

}  // namespace certwright::gateway::notices
