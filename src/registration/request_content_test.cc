#include "registration/request_content.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "registration/testing_world.h"

namespace certwright::registration {
namespace {

using testing::csr_der;
using testing::must;
using testing::new_key;
using testing::World;

TEST(RequestContent, RoundTrips) {
  const RequestContent content{.subject = {{"common_name", "a\"\n\xc3\xa9"}, {"organization", "Acme"}},
                               .names = {must(x509::GeneralName::dns("a.example")), must(x509::GeneralName::ip("10.0.0.1"))},
                               .validity = Seconds(60),
                               .purpose = "web",
                               .selection = "chose x",
                               .rule = "because",
                               .idempotency_key = "k",
                               .idempotency_sha256 = store::Sha256{1, 2, 3}};
  EXPECT_EQ(must(read_request_content(write_request_content(content))), content);
  EXPECT_EQ(must(read_request_content(write_request_content({}))), RequestContent{});
  EXPECT_EQ(read_request_content("{}").error().code, Errc::internal);
}

TEST(RequestChanges, RoundTrip) {
  const RequestChanges changes{.validity = Seconds(60), .names_removed = {"DNS:a.example"}};
  EXPECT_EQ(must(read_request_changes(write_request_changes(changes))), changes);
  EXPECT_EQ(write_request_changes({}), "");
  EXPECT_TRUE(must(read_request_changes("")).empty());
}

TEST(RequestSha256, IsOfWhatIsAskedForAndBywhom) {
  const auto key = new_key();
  const auto make = [&](const std::function<void(IssuanceRequest&)>& change) {
    // Signed anew each time: ECDSA signatures differ, the request does not.
    auto request = World::csr_request(World::issuer(), csr_der(key, "CN=a.example"));
    change(request);
    return request_sha256_of(request, "default", "issuing", "ecdsa-p256");
  };
  const auto same = make([](auto&) {});
  EXPECT_EQ(make([](auto&) {}), same);
  EXPECT_EQ(make([](auto& r) { r.actor.remote = "198.51.100.1"; }), same);
  EXPECT_NE(make([](auto& r) { r.principal.id = "bob"; }), same);
  EXPECT_NE(make([](auto& r) { r.profile = "tls-client"; }), same);
  EXPECT_NE(make([](auto& r) { r.entity_id = "db"; }), same);
  EXPECT_NE(make([](auto& r) { r.validity = Seconds(60); }), same);
  EXPECT_NE(make([](auto& r) { r.names = {must(x509::GeneralName::dns("a.example"))}; }), same);
  EXPECT_NE(make([](auto& r) {
              r.certification_request = must(pkcs10::CertificationRequest::parse(csr_der(new_key(), "CN=a.example")));
            }), same);
}

TEST(Binding, ChangesWithEverythingThatIsApproved) {
  const std::function<void(store::RequestRecord&)> kChanges[] = {
      [](auto&) {},
      [](auto& r) { r.id = "2"; },
      [](auto& r) { r.tenant = "2"; },
      [](auto& r) { r.ca = "2"; },
      [](auto& r) { r.profile = "2"; },
      [](auto& r) { r.profile_version = 2; },
      [](auto& r) { r.principal = "2"; },
      [](auto& r) { r.entity_type = "2"; },
      [](auto& r) { r.entity_id = "2"; },
      [](auto& r) { r.certification_request = {2}; },
      [](auto& r) { r.content = "2"; },
      [](auto& r) { r.changes = "2"; }};
  std::set<store::Sha256> bindings;
  for (const auto& change : kChanges) {
    store::RequestRecord record;
    change(record);
    EXPECT_TRUE(bindings.insert(binding_of(record)).second);
  }
  store::RequestRecord record;
  record.state = store::RequestState::approved;
  record.revision = 9;
  EXPECT_FALSE(bindings.insert(binding_of(record)).second);
}

}  // namespace
}  // namespace certwright::registration
