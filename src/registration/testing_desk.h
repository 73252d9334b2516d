#pragma once
// For tests of what stands on the request desk: a World whose people are in the store, and a desk.
#include "registration/request_desk.h"
#include "registration/testing_world.h"

namespace certwright::registration::testing {

class DeskWorld : public World {
 public:
  using World::World;

  // In the store, as the desk looks people up there.
  access::Principal person(const std::string& id, std::vector<access::RoleBinding> bindings,
                           const std::string& tenant = "default") {
    must(store.apply({store::PutPrincipal{{.id = id,
                                           .tenant = tenant,
                                           .name = id,
                                           .email = id + "@" + tenant + ".example",
                                           .kind = store::PrincipalKind::person,
                                           .disabled = false,
                                           .created_at = clock.now()}}}));
    for (const auto& b : bindings)
      must(store.apply({store::PutRoleBinding{{id, std::string(access::name_of(b.role)), b.tenant, b.ca}}}));
    auto principal = World::principal(id, std::move(bindings), tenant);
    principal.email = id + "@" + tenant + ".example";
    return principal;
  }
  void set_disabled(const std::string& id, bool disabled) {
    auto record = *must(store.find_principal(id));
    record.disabled = disabled;
    must(store.apply({store::PutPrincipal{record}}));
  }
  static audit::Actor actor_of(const access::Principal& who) {
    return {.principal = who.id, .tenant = who.tenant, .door = "test", .remote = "192.0.2.1"};
  }

  // What submit() makes of a CSR with these names; the key is a new one.
  Result<RequestDesk::Submitted> submit(const access::Principal& who, const std::vector<std::string>& names,
                                        const std::string& ca = "issuing", std::string_view password = {}) {
    return desk.submit(submission(who, names, ca, password));
  }
  RequestDesk::Submission submission(const access::Principal& who, const std::vector<std::string>& names,
                                     const std::string& ca = "issuing", std::string_view password = {}) {
    std::vector<x509::GeneralName> alternatives;
    for (const auto& name : names) alternatives.push_back(must(x509::GeneralName::dns(name)));
    auto request = csr_request(who, csr_der(new_key(), "CN=" + names.front(), alternatives));
    request.ca = ca;
    return {.request = std::move(request),
            .approval_password = SecretBytes::copy_of(as_bytes(password)),
            .purpose = "a web server",
            .selection = ""};
  }
  Result<store::RequestRecord> approve(const access::Principal& officer, const store::RequestRecord& seen,
                                       RequestChanges changes = {}) {
    const auto actor = actor_of(officer);
    return desk.approve({.id = seen.id,
                         .officer = officer,
                         .actor = actor,
                         .binding = seen.binding,
                         .comment = "fine",
                         .changes = std::move(changes)});
  }
  store::RequestRecord stored(const std::string& id) { return *must(desk.find(id)); }
  store::RequestState state(const std::string& id) { return stored(id).state; }
  // A new version of a shipped profile, the same but for its description.
  void publish_again(std::string_view profile) {
    auto document = must(json::parse(profile::write_profile(*profiles.find(profile))));
    document.set("description", "changed");
    must(publisher.publish(document, actor_of(admin())));
  }

  crypto::DeterministicRandom random{7};
  ApprovalPasswords passwords{store, journal, random, clock,
                              {.hashes_at_once = 1, .waiting_max = 4, .operations = 1, .memory_octets = 8192,
                               .failures_max = 3, .window = Seconds(900), .tracked_max = 10}};
  RequestDesk desk{{.store = store, .journal = journal, .registration = registration, .passwords = passwords,
                    .random = random, .clock = clock, .limits = {.open_max = 3}}};
};

}  // namespace certwright::registration::testing
