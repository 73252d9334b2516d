#pragma once
// For tests of the desk: CAs with rules of each kind, and people with each role.
#include <gtest/gtest.h>

#include "registration/testing_desk.h"
#include "store/memory/memory_store.h"

namespace certwright::registration::testing {

template <class T>
std::string told(const Result<T>& result) {
  if (result) return "ok";
  return std::string(name_of(result.error().code)) + " " + result.error().field;
}

class DeskFixture : public ::testing::Test {
 protected:
  DeskFixture() {
    world.add_ca({.id = "issuing", .approval = {{.profiles = {"tls-server"}, .password = true,
                                                 .automatic = {{"default", {"*.auto.example"}}}}}});
    world.add_ca({.id = "two", .approval = {{.officers = 2}}});
    world.add_ca({.id = "free"});
    world.add_ca({.id = "named", .approval = {{.officers = 1, .officers_of = {"bob"}}}});
  }
  void use_password(std::string_view password) {
    must(world.passwords.set("issuing", SecretBytes::copy_of(as_bytes(password)), {}));
  }
  std::size_t recorded(std::string_view event) { return world.records(event).size(); }

  ManualClock clock{from_unix_s(kStart_s)};
  store::MemoryStore store;
  DeskWorld world{store, clock};
  access::Principal alice = world.person("alice", {{access::Role::requester, "default", ""}});
  access::Principal bob = world.person("bob", {{access::Role::approver, "default", ""}});
  access::Principal carol = world.person("carol", {{access::Role::approver, "default", ""}});
  access::Principal dave = world.person("dave", {{access::Role::approver, "acme", ""}}, "acme");
  access::Principal chief = world.person("chief", {{access::Role::admin, "*", ""}});
};

}  // namespace certwright::registration::testing
