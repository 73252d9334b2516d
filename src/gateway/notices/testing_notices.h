#pragma once
// For tests and the fuzz target: the door in a whole certification authority in memory.
#include "gateway/certs/testing_world.h"
#include "gateway/notices/door.h"
#include "notification/address_policy.h"

namespace certwright::gateway::notices::testing {

struct NoticesWorld {
  certs::testing::World world;
  const notification::Outbox outbox{world.store, world.clock, {}};
  const notification::WebhookSecrets secrets{SecretBytes::copy_of(Bytes(32, 7))};
  const notification::AddressPolicy policy;
  notification::Inbox inbox{world.store, world.journal, world.clock};
  notification::Templates templates{world.store, world.journal, world.clock};
  notification::Webhooks webhooks{{world.store, world.journal, outbox, secrets, policy, world.random, world.clock}};
  const std::vector<web::Route> table = routes({inbox, webhooks, templates});
  std::unique_ptr<web::WebHandler> handler = make_handler();

  std::unique_ptr<web::WebHandler> make_handler() {
    web::WebOptions options;
    options.per_peer = {};
    options.per_principal = {};
    return certs::testing::must(web::WebHandler::create(
        {world.authenticator, world.clock, world.random, world.metrics, &world.journal}, table, std::move(options)));
  }
  http::Response call(std::string method, std::string target, std::string_view token, std::string_view body = {}) {
    http::Headers headers;
    if (!token.empty()) headers.add("Authorization", "Bearer " + std::string(token));
    return handler->handle(web::testing::make_request(std::move(method), std::move(target), std::move(headers), body));
  }
  // An in-product notification; its id.
  std::string tell(const std::string& principal, const std::string& request) {
    notification::RequestNotice notice;
    notice.request = request;
    notice.tenant = "acme";
    notice.common_name = "www.example.org";
    notice.requester = principal;
    certs::testing::must(world.store.apply(certs::testing::must(outbox.request_denied(notice))));
    return std::to_string(certs::testing::must(inbox.list(principal, 0, 1)).at(0).record.id);
  }
};

}  // namespace certwright::gateway::notices::testing
