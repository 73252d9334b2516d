#include "authority/testing_authority.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace certwright::authority {
namespace {

using testing::kYear;
using testing::OutsideRoot;
using testing::pkcs8_of;
using registration::testing::kDay;
using registration::testing::must;
using ::testing::HasSubstr;

class CaInstallation : public testing::AuthorityTest {};

TEST_F(CaInstallation, ARequestIsSignedOutsideAndTheAnswerInstalled) {
  const OutsideRoot outside;
  const std::string pem = must(rooms.authority.create_request(new_ca("issuing", {"tls-server"}), actor()));
  EXPECT_EQ(rooms.world.cas.find("issuing"), nullptr);  // it waits
  const std::string again = must(rooms.authority.export_request("issuing", actor()));
  const auto parsed = [](const std::string& text) {
    return must(pkcs10::parse_pem_or_der(as_bytes(text)));
  };
  EXPECT_EQ(to_bytes(parsed(pem).subject_public_key_info_tlv()), to_bytes(parsed(again).subject_public_key_info_tlv()));
  EXPECT_EQ(parsed(again).subject().to_text(), parsed(pem).subject().to_text());

  const auto ca = must(rooms.authority.install("issuing", outside.sign(pem), {outside.der()}, actor()));
  EXPECT_EQ(ca->record().state, store::CaState::active);
  EXPECT_TRUE(issues("issuing"));
  EXPECT_EQ(rooms.world.records("CA_CERTIFICATE_INSTALLED").size(), 1U);
  // A new certificate for the same key, before the old one expires.
  EXPECT_TRUE(rooms.authority.install("issuing", outside.sign(again, "critical,CA:TRUE,pathlen:0", 2000),
                                      {outside.der()}, actor()));
  must(rooms.authority.retire("issuing", actor()));
  EXPECT_EQ(error_of(rooms.authority.install("issuing", outside.sign(again), {outside.der()}, actor())), "conflict ca");
}

TEST_F(CaInstallation, ASecondRequestWithTheSameIdChangesNothing) {
  const std::string pem = must(rooms.authority.create_request(new_ca("issuing"), actor()));
  auto other = new_ca("issuing");
  other.subject = "CN=Somebody Else";
  const auto second = rooms.authority.create_request(other, actor());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::conflict);
  const auto exported = must(pkcs10::parse_pem_or_der(as_bytes(must(rooms.authority.export_request("issuing", actor())))));
  EXPECT_EQ(exported.subject().to_text(), must(pkcs10::parse_pem_or_der(as_bytes(pem))).subject().to_text());
}

TEST_F(CaInstallation, AnswersThatDoNotFit) {
  const OutsideRoot outside, stranger("Stranger"), twin, short_root("Short Root", 0);
  const std::string pem = must(rooms.authority.create_request(new_ca("issuing"), actor()));
  const std::string other = must(rooms.authority.create_request(new_ca("other"), actor()));
  const auto install = [&](const Bytes& certificate, std::vector<Bytes> chain) {
    return error_of(rooms.authority.install("issuing", certificate, chain, actor()));
  };
  const Bytes good = outside.sign(pem);
  EXPECT_EQ(install(outside.sign(other), {outside.der()}), "invalid certificate");                 // another key
  EXPECT_EQ(install(good, {}), "invalid certificate");                                             // no chain
  EXPECT_EQ(install(good, {stranger.der()}), "invalid certificate");                               // another name
  EXPECT_EQ(install(good, {twin.der()}), "invalid certificate");                                   // same name, another key
  EXPECT_EQ(install(outside.sign(pem, "critical,CA:FALSE"), {outside.der()}), "invalid certificate");
  EXPECT_EQ(install(outside.sign(pem, ""), {outside.der()}), "invalid certificate");
  EXPECT_EQ(install(outside.sign(pem, "critical,CA:TRUE", 1000, "critical,cRLSign"), {outside.der()}), "invalid certificate");
  EXPECT_EQ(install(outside.sign(pem, "critical,CA:TRUE", 0), {outside.der()}), "invalid certificate");  // expired
  Bytes forged = good;
  forged.back() ^= 1;
  EXPECT_NE(install(forged, {outside.der()}), "ok");
  EXPECT_EQ(error_of(rooms.authority.install("nobody", good, {outside.der()}, actor())), "not_found ca");
  EXPECT_EQ(rooms.world.cas.find("issuing"), nullptr);
  EXPECT_TRUE(rooms.world.records("CA_CERTIFICATE_INSTALLED").empty());
  EXPECT_EQ(install(good, {outside.der()}), "ok");
}

TEST_F(CaInstallation, PathLengthsOfAChainSuffice) {
  struct Row {
    const char* name;
    std::optional<int> path_length;  // of the root
    const char *middle, *lower;      // root -> middle -> lower
  };
  const Row kRows[] = {{"none", std::nullopt, "ok", "ok"},
                       {"two", 2, "ok", "ok"},
                       {"one", 1, "ok", "policy parent"},
                       {"zero", 0, "invalid issuer_chain[0]", "not_found parent"}};
  for (const Row& row : kRows) {
    const std::string middle = std::string("middle-") + row.name;
    const OutsideRoot outside(std::string("Root ") + row.name, row.path_length);
    const std::string pem = must(rooms.authority.create_request(new_ca(middle), actor()));
    EXPECT_EQ(error_of(rooms.authority.install(middle, outside.sign(pem, "critical,CA:TRUE"), {outside.der()}, actor())),
              row.middle) << row.name;
    EXPECT_EQ(error_of(rooms.authority.create_subordinate(new_ca(std::string("lower-") + row.name, {}, kYear), middle,
                                                          admin(), actor())),
              row.lower) << row.name;
  }
}

// A verifier holds the whole chain against what is issued, so the root's limits are ours too.
TEST_F(CaInstallation, WhatAnOutsideRootForbidsIsNotIssued) {
  struct Row {
    const char* id;
    OutsideRoot::Extensions extensions;
    int days;
    const char* complaint;  // "": it is issued
  };
  const Row kRows[] = {
      {"free", {}, 3650, ""},
      {"names", {{NID_name_constraints, "critical,permitted;DNS:nowhere.example"}}, 3650, "nameConstraints of CN=Root names"},
      {"wide", {{NID_name_constraints, "critical,excluded;DNS:nowhere.example"}}, 3650, ""},
      {"purposes", {{NID_ext_key_usage, "clientAuth"}}, 3650, "purposes of CN=Root purposes"},
      {"short", {}, 10, ""},
  };
  for (const Row& row : kRows) {
    const OutsideRoot outside(std::string("Root ") + row.id, {}, row.extensions, row.days);
    const std::string pem = must(rooms.authority.create_request(new_ca(row.id, {"tls-server"}), actor()));
    const auto ca = must(rooms.authority.install(row.id, outside.sign(pem), {outside.der()}, actor()));
    auto request = registration::testing::World::request(registration::testing::World::issuer());
    request.ca = row.id;
    const auto issued = rooms.issuance.issue(std::move(request));
    if (*row.complaint == '\0') {
      ASSERT_TRUE(issued) << row.id << ": " << issued.error().detail;
      EXPECT_LE(issued->certificate.not_after, clock.now() + row.days * kDay) << row.id;
    } else {
      ASSERT_FALSE(issued) << row.id;
      EXPECT_EQ(issued.error().code, Errc::policy);
      EXPECT_THAT(issued.error().detail, HasSubstr(row.complaint));
    }
  }
  // Longer than the root lasts is refused, also where the issuing CA lasts longer.
  EXPECT_GT(rooms.world.cas.find("short")->certificate().not_after(), clock.now() + 100 * kDay);
  auto request = registration::testing::World::request(registration::testing::World::issuer());
  request.ca = "short";
  request.validity = Seconds(20 * kDay);
  const auto refused = rooms.issuance.issue(std::move(request));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().detail, HasSubstr("outlive"));
}

TEST_F(CaInstallation, ACaBelowARootThatExpiredIsPassedOver) {
  const auto install = [&](const char* id, int root_days) {
    const OutsideRoot outside(std::string("Root of ") + id, {}, {}, root_days);
    const std::string pem = must(rooms.authority.create_request(new_ca(id, {"tls-server"}), actor()));
    return must(rooms.authority.install(id, outside.sign(pem), {outside.der()}, actor()));
  };
  const auto first = install("first", 10);
  install("second", 3650);
  EXPECT_TRUE(first->can_issue(clock.now()));
  clock.advance(10 * kDay);
  EXPECT_FALSE(first->can_issue(clock.now()));
  EXPECT_TRUE(first->has_working_key(clock.now())) << "CRLs and OCSP go on";
  const auto issued =
      rooms.issuance.issue(registration::testing::World::request(registration::testing::World::issuer()));
  ASSERT_TRUE(issued) << issued.error().detail;
  EXPECT_EQ(issued->ca->id(), "second");
}

TEST_F(CaInstallation, ARootWithItsKeyIsImported) {
  const OutsideRoot outside;
  const auto make = [&](const char* id, SecretBytes key) {
    return ImportedCa{.id = id, .name = "Outside", .certificate = outside.der(), .issuer_chain = {},
                      .private_key_pkcs8 = std::move(key), .policy = new_ca("x").policy};
  };
  const OutsideRoot other;
  EXPECT_EQ(error_of(rooms.authority.import(make("outside", pkcs8_of(other.key())), actor())), "invalid private_key");
  const auto ca = must(rooms.authority.import(make("outside", pkcs8_of(outside.key())), actor()));
  EXPECT_TRUE(ca->can_issue(clock.now()));
  EXPECT_TRUE(rooms.authority.create_subordinate(new_ca("issuing", {"tls-server"}, kYear), "outside", admin(), actor()));
  EXPECT_TRUE(issues("issuing"));
  EXPECT_EQ(error_of(rooms.authority.import(make("outside", pkcs8_of(outside.key())), actor())), "conflict id");

  EXPECT_EQ(error_of(rooms.authority.import(make("again", {}), actor())), "conflict certificate");
  auto without_key = make("offline", {});
  without_key.certificate = OutsideRoot("Offline Root").der();
  const auto offline = must(rooms.authority.import(std::move(without_key), actor()));
  EXPECT_FALSE(offline->can_issue(clock.now()));
  EXPECT_EQ(rooms.world.records("CA_IMPORTED").size(), 2U);
}

// Somebody else's name may have what ours may not: the CA works, a successor of its name does not come.
TEST_F(CaInstallation, ARootWhoseNameHidesACharacterIsImportedAndRead) {
  auto own = new_ca("own");
  own.subject = "CN=Root,O=A\xe2\x80\x8b" "cme";
  EXPECT_EQ(error_of(rooms.authority.create_root(own, actor())), "invalid organization");
  const OutsideRoot outside("A\xe2\x80\x8c" "cme Root");
  const auto ca = must(rooms.authority.import({.id = "outside", .name = "Outside", .certificate = outside.der(), .issuer_chain = {},
                                               .private_key_pkcs8 = pkcs8_of(outside.key()), .policy = new_ca("x").policy},
                                              actor()));
  EXPECT_TRUE(ca->can_issue(clock.now()));
  EXPECT_EQ(ca->certificate().subject().to_text(), "CN=A\xe2\x80\x8c" "cme Root");
  EXPECT_TRUE(rooms.authority.create_subordinate(new_ca("issuing", {"tls-server"}, kYear), "outside", admin(), actor()));
  EXPECT_TRUE(issues("issuing"));
  const auto again = must(pkcs10::parse_pem_or_der(as_bytes(must(rooms.authority.export_request("outside", actor())))));
  EXPECT_EQ(to_bytes(again.subject().tlv()), to_bytes(ca->certificate().subject_tlv()));
}

}  // namespace
}  // namespace certwright::authority
