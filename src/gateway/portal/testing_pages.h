#pragma once
// For tests: the pages of requests over a whole CA in memory, and people with browsers.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <regex>
#include <string>
#include <utility>
#include <vector>

#include "gateway/certs/testing_world.h"
#include "gateway/pages/testing_browser.h"
#include "gateway/portal/portal_pages.h"
#include "notification/inbox.h"
#include "x509/certificate.h"
#include "x509/oids.h"

namespace certwright::gateway::portal::testing {

using access::Role;
using certs::testing::must;
using certs::testing::World;
using pages::testing::Browser;

constexpr const char* kOwnPassword = "tea kettle on tuesday";
using Fields = std::vector<std::pair<std::string, std::string>>;

inline std::string csr(const char* subject, const std::vector<std::string>& names, x509::Extensions extensions = {}) {
  std::vector<x509::GeneralName> alternatives;
  for (const auto& name : names) alternatives.push_back(must(x509::GeneralName::dns(name)));
  if (!names.empty())
    must(extensions.add({x509::oids::kSubjectAltName, false, x509::encode_subject_alt_name(alternatives)}));
  return World::csr_pem(must(x509::Name::from_text(subject)), extensions);
}

class PagesFixture : public ::testing::Test {
 protected:
  PagesFixture() {
    world.add_tenant("acme");
    web::WebOptions options;
    options.per_peer = {};
    options.per_principal = {};
    options.error_page = pages::error_page;
    options.on_internal_error = [this](const web::InternalError& error) { internal_error = error.detail; };
    handler = must(web::WebHandler::create(
        {.authenticator = world.authenticator, .clock = world.clock, .random = world.random, .metrics = world.metrics,
         .journal = &world.journal, .sessions = &world.sessions},
        pages::pages_routes({world.accounts, world.sessions, world.authenticator, inbox, &portal}), std::move(options)));
    alice = person("Alice", {{Role::requester, "default", ""}});
    bob = person("Bob", {{Role::approver, "default", ""}});
    carol = person("Carol", {{Role::approver, "default", ""}});
    dave = person("Dave", {{Role::admin, "acme", ""}}, "acme");
  }

  // Signed in.
  std::unique_ptr<Browser> person(const std::string& name, std::vector<access::RoleBinding> bindings, const std::string& tenant = "default") {
    const auto made = must(world.directory.create_principal({tenant, name, "", store::PrincipalKind::person, std::move(bindings)},
                                                            World::no_evidence()));
    ids[name] = made.id;
    const auto one_time = must(world.accounts.reset_password(made.id, "", {}));
    auto browser = std::make_unique<Browser>(*handler);
    browser->sign_in(one_time.sign_in_name, std::string(as_text(one_time.password.reveal())));
    browser->post("/account/password", {{"new_password", kOwnPassword}, {"again", kOwnPassword}});
    return browser;
  }

  // The id of the request, or "" and the answer in `last`.
  std::string upload(const std::string& pem, const std::string& common_name = "a.example", Fields more = {}) {
    more.emplace_back("csr_data", pem);
    more.emplace_back("common_name", common_name);
    last = alice->post("/csr/upload", std::move(more));
    const std::string location(last.headers.get("Location"));
    return last.status == 303 ? location.substr(10, location.find('?') - 10) : std::string();
  }
  static std::string hidden(const http::Response& page, const std::string& name) {
    const std::regex pattern("name=\"" + name + "\" value=\"([^\"]*)\"");
    const std::string text(page.body.text());
    std::smatch found;
    return std::regex_search(text, found, pattern) ? found[1].str() : std::string();
  }
  // On what the page shows now; with changes, on what it shows then.
  int approve(Browser& officer, const std::string& id, Fields more = {}) {
    more.emplace_back("verdict", "approve");
    const auto send = [&](const std::string& binding) {
      Fields fields = more;
      fields.emplace_back("binding", binding);
      last = officer.post("/approvals/" + id, std::move(fields));
    };
    send(hidden(officer.get("/approvals/" + id), "binding"));
    if (hidden(last, "changes_seen").empty()) return last.status;
    more.emplace_back("changes_seen", "1");
    send(hidden(last, "binding"));
    return last.status;
  }
  store::RequestState state(const std::string& id) { return must(world.requests.find(id))->state; }
  x509::Certificate certificate(const std::string& id) {
    const auto request = *must(world.requests.find(id));
    return must(x509::Certificate::parse(must(world.store.find_certificate(request.certificate))->certificate.der));
  }
  std::size_t requests() { return must(world.requests.list({.scope = {{"*", "", ""}}}, {.limit = 100})).requests.size(); }

  World world;
  notification::Inbox inbox{world.store, world.journal, world.clock};
  CsrService service{{.requests = world.requests, .issuance = world.issuance, .cas = world.cas, .profiles = world.profiles,
                      .selection = world.selection, .store = world.store, .clock = world.clock}};
  PortalPages portal{{.csr = service, .requests = world.requests, .issuance = world.issuance, .store = world.store, .clock = world.clock}};
  std::unique_ptr<web::WebHandler> handler;
  std::unique_ptr<Browser> alice, bob, carol, dave;
  std::map<std::string, std::string> ids;
  http::Response last;
  std::string internal_error;
};

}  // namespace certwright::gateway::portal::testing
