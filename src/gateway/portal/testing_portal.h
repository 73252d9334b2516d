#pragma once
// For tests: the portal's routes over a whole CA in memory.
#include <gtest/gtest.h>

#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/certs/testing_world.h"
#include "gateway/portal/portal_door.h"
#include "x509/oids.h"
#include "x509/pem.h"

namespace certwright::gateway::portal::testing {

using access::Role;
using certs::testing::must;
using certs::testing::World;

class PortalFixture : public ::testing::Test {
 protected:
  PortalFixture() {
    world.add_tenant("acme");
    alice = world.add_account("default", {{Role::requester, "default", ""}});
    bob = world.add_account("default", {{Role::approver, "default", ""}});
    dave = world.add_account("acme", {{Role::admin, "acme", ""}});
    web::WebOptions options;
    options.per_peer = {};
    options.per_principal = {};
    routes = door.routes();
    handler = must(web::WebHandler::create({world.authenticator, world.clock, world.random, world.metrics, &world.journal},
                                           routes, std::move(options)));
  }

  http::Response call(std::string method, std::string target, const std::string& token, std::string_view body = {},
                      std::string_view type = "application/json") {
    http::Headers headers;
    if (!token.empty()) headers.add("Authorization", "Bearer " + token);
    if (!body.empty()) headers.add("Content-Type", std::string(type));
    auto response = handler->handle(web::testing::make_request(std::move(method), std::move(target), std::move(headers), body));
    last = must(json::parse(response.body.text()));
    return response;
  }
  using Members = std::map<std::string, std::string>;  // raw JSON values
  std::string body(const std::string& pem, Members more = {}, const std::string& common_name = "a.example") {
    json::Writer w;
    w.begin_object().member("csr_data", pem).member("common_name", common_name);
    for (const auto& [name, value] : more) w.key(name).raw(value);
    w.end_object();
    return std::move(w).take();
  }
  std::string pem(const char* subject = "CN=a.example", const std::vector<std::string>& names = {"a.example"}) {
    x509::Extensions extensions;
    std::vector<x509::GeneralName> alternatives;
    for (const auto& name : names) alternatives.push_back(must(x509::GeneralName::dns(name)));
    if (!names.empty())
      must(extensions.add({x509::oids::kSubjectAltName, false, x509::encode_subject_alt_name(alternatives)}));
    return World::csr_pem(must(x509::Name::from_text(subject)), extensions);
  }
  // With another signature.
  static std::string forged(const std::string& csr) {
    Bytes der = to_bytes(must(pkcs10::parse_pem_or_der(as_bytes(csr))).der());
    der.back() ^= 1;
    return x509::to_pem(x509::kPemCertificateRequest, der);
  }
  std::string text(std::initializer_list<std::string_view> path) const {
    const json::Value* at = &last;
    for (const auto member : path)
      if (at != nullptr) at = at->find(member);
    return at != nullptr && at->if_string() != nullptr ? *at->if_string() : std::string();
  }
  bool success() const { return last.find("success") != nullptr && *last.find("success") == json::Value(true); }
  std::size_t requests() {
    return must(world.requests.list({.scope = {{"*", "", ""}}}, {.limit = 100})).requests.size();
  }
  void approve(const std::string& id, const World::Account& officer) {
    const auto record = *must(world.requests.find(id));
    const auto who = must(world.directory.find_principal(officer.id));
    const audit::Actor actor{.principal = who.id, .tenant = who.tenant, .door = "test", .remote = ""};
    must(world.requests.approve({.id = id, .officer = who, .actor = actor, .binding = record.binding}));
  }

  World world;
  World::Account alice, bob, dave;
  CsrService service{{.requests = world.requests, .issuance = world.issuance, .cas = world.cas,
                      .profiles = world.profiles, .selection = world.selection, .store = world.store, .clock = world.clock}};
  Door door{service, world.requests};
  std::vector<web::Route> routes;
  std::unique_ptr<web::WebHandler> handler;
  json::Value last;
};

}  // namespace certwright::gateway::portal::testing
