#include "cli/case_story.h"

#include <functional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "audit/journal.h"
#include "bytes/bytes.h"
#include "cli/testing_json.h"
#include "crypto/digest.h"

namespace certwright::cli {
namespace {

constexpr std::string_view kToldId = "0192aaaabbbbccccddddeeeeffff0001";
constexpr std::string_view kForeignId = "0192aaaabbbbccccddddeeeeffff0002";
constexpr std::string_view kDifference = R"({"validity_s":864000,"names_removed":[]})";

std::string digest_of_difference() { return to_hex(crypto::sha256(as_bytes(kDifference))); }

struct Record {
  std::uint64_t position;
  json::Value value;
};

json::Value record_of(std::string_view event, std::string_view who, json::Object fields) {
  if (fields.empty() || fields.front().name != "approval") fields.insert(fields.begin(), {"request", kToldId});
  return json::Object{{"v", 1}, {"time", "2026-11-27T00:00:00.000000Z"}, {"event", event},
                      {"actor", json::Object{{"principal", who}, {"tenant", "default"}, {"door", "csr"}, {"remote", "192.0.2.1"}}},
                      {"fields", std::move(fields)}};
}

json::Object step(std::string_view before, std::string_view after) { return {{"before", before}, {"after", after}}; }

json::Object step(std::string_view before, std::string_view after, std::string_view name, std::string_view value) {
  auto fields = step(before, after);
  fields.push_back({std::string(name), value});
  return fields;
}

// alice asks, bob shortens and approves, carol approves.
struct ToldCase {
  std::vector<Record> records{};
  json::Value file = document(fmt::format(
      R"({{"request":{{"id":"{}","state":"issued","ca":"issuing","profile":"tls-server","profile_version":2,
      "principal":"alice","door":"csr","remote":"192.0.2.1","subject":"CN=a.example","binding":"b2","reason":"",
      "difference":{},"approvals":[{{"principal":"bob","kind":"officer","binding":"b2","comment":"fine"}},
      {{"principal":"carol","kind":"officer","binding":"b2","comment":""}}],"certificate":{{"serial_number":"4711"}}}},
      "checks":[{{"time":"2026-11-27T00:00:00.000000Z","event":"REQUEST_RECEIVED","results":["key: good","lint: no findings"]}}]}})",
      kToldId, kDifference));

  ToldCase() {
    const auto put = [&](json::Value value) { records.push_back({10 * (records.size() + 1), std::move(value)}); };
    auto received = step("", "received");
    for (const auto& [name, value] : {std::pair{"ca", "issuing"}, {"profile", "tls-server"}, {"profile_version", "1"},
                                      {"subject", "CN=a.example"}, {"csr_sha256", "aa"}, {"binding", "b1"},
                                      {"checks", "key: good\nlint: no findings"}})
      received.push_back({name, value});
    put(record_of("REQUEST_RECEIVED", "alice", std::move(received)));
    put(record_of("REQUEST_PENDING", "alice", step("received", "pending")));
    const auto digest = digest_of_difference();
    auto changed = step("tls-server version 1", "tls-server version 2 with {}", "changes_sha256", digest);
    changed.push_back({"binding", "b2"});
    put(record_of("REQUEST_CHANGED", "bob", std::move(changed)));
    put(record_of("APPROVAL_GIVEN", "bob", {{"kind", "officer"}, {"binding", "b2"}, {"changes_sha256", digest}, {"comment", "fine"}}));
    put(record_of("APPROVAL_GIVEN", "carol", {{"kind", "officer"}, {"binding", "b2"}, {"changes_sha256", digest}}));
    put(record_of("REQUEST_APPROVED", "carol", step("pending", "approved", "binding", "b2")));
    put(record_of("CERTIFICATE_ISSUED", "alice", {{"approval", kToldId}, {"serial", "1267"}, {"sha256", "cc"}}));
    put(record_of("REQUEST_ISSUED", "alice", step("approved", "issued", "serial", "1267")));
  }

  json::Value& at(json::Value& value, std::string_view name) {
    for (auto& member : *value.if_object())
      if (member.name == name) return member.value;
    return value.set(name, json::Value());
  }
  json::Value& request() { return at(file, "request"); }
  json::Value& approval(std::size_t i) { return (*at(request(), "approvals").if_array())[i]; }
  json::Value& fields(std::size_t i) { return at(records[i].value, "fields"); }
  void drop(std::size_t i) { records.erase(records.begin() + static_cast<std::ptrdiff_t>(i)); }

  // What is wrong with it; empty: nothing.
  std::string judged(bool lacks_some = false) const {
    CaseStory story{std::string(kToldId)};
    if (lacks_some) story.lacks_some();
    for (const auto& each : records)
      if (const auto added = story.add(each.position, each.value); !added) return added.error().detail;
    const auto checked = story.check(file);
    return checked ? std::string() : checked.error().detail;
  }
};

TEST(CaseStory, AnHonestOneHolds) {
  EXPECT_EQ(ToldCase().judged(), "");
  EXPECT_EQ(ToldCase().judged(true), "");
}

struct Forgery {
  const char* name;
  std::function<void(ToldCase&)> forge;
  const char* refusal;  // a piece of it
  bool seen_in_part = false;  // also where records are missing
};
void PrintTo(const Forgery& forgery, std::ostream* out) { *out << forgery.name; }

const Forgery kForgeries[] = {
    {"MissingStep", [](ToldCase& c) { c.drop(5); }, "a record is missing"},
    {"MissingFirst", [](ToldCase& c) { c.drop(0); }, "a record is missing"},
    {"NoneButAnApproval", [](ToldCase& c) { c.records = {c.records[3]}; }, "a record is missing"},
    {"Reordered", [](ToldCase& c) { std::swap(c.records[3], c.records[4]); }, "stands behind a later one", true},
    {"Repeated", [](ToldCase& c) { c.records.insert(c.records.begin() + 3, c.records[3]); }, "is repeated", true},
    {"ForeignWithTheIdInAReason",
     [](ToldCase& c) {
       c.fields(4).set("request", kForeignId);
       c.fields(4).set("reason", kToldId);
     },
     "is not about request", true},
    {"ForeignCertificateWithTheIdInItsEntity",
     [](ToldCase& c) {
       c.fields(6).set("approval", kForeignId);
       c.fields(6).set("entity_id", kToldId);
       c.fields(6).set("request", kToldId);
     },
     "is not about request", true},
    {"ReceivedTwice", [](ToldCase& c) { c.records.insert(c.records.begin() + 1, {11, c.records[0].value}); }, "two records", true},
    {"OtherOfficer", [](ToldCase& c) { c.approval(0).set("principal", "mallory"); }, "the approvals are not"},
    {"OtherComment", [](ToldCase& c) { c.approval(0).set("comment", "with great doubts"); }, "the approvals are not"},
    {"CommentOfAnother", [](ToldCase& c) { c.approval(1).set("comment", "fine"); }, "the approvals are not"},
    {"OneApprovalMore", [](ToldCase& c) { c.at(c.request(), "approvals").if_array()->push_back(c.approval(0)); }, "the approvals are not"},
    {"MissingApproval", [](ToldCase& c) { c.drop(4); }, "the approvals are not"},
    {"OtherChanges", [](ToldCase& c) { c.at(c.request(), "difference").set("validity_s", 5); }, "what officers changed"},
    {"OtherState", [](ToldCase& c) { c.request().set("state", "denied"); }, "by its records"},
    {"OtherReason", [](ToldCase& c) { c.request().set("reason", "because"); }, "the reason"},
    {"OtherBinding", [](ToldCase& c) { c.request().set("binding", "b1"); }, "the binding"},
    {"OtherVersion", [](ToldCase& c) { c.request().set("profile_version", 1); }, "the version of the profile"},
    {"OtherCheck", [](ToldCase& c) { (*c.at(c.file, "checks").if_array())[0].set("results", json::Array{"key: bad"}); }, "what was checked", true},
    {"NoChecks", [](ToldCase& c) { c.file.set("checks", json::Array{}); }, "what was checked", true},
    {"OneCheckMore", [](ToldCase& c) { c.at(c.file, "checks").if_array()->push_back(json::Object{{"event", "REQUEST_APPROVED"}}); }, "what was checked"},
    {"OtherRequester", [](ToldCase& c) { c.request().set("principal", "mallory"); }, "principal is not what", true},
    {"OtherAddress", [](ToldCase& c) { c.request().set("remote", "192.0.2.2"); }, "remote is not what", true},
    {"OtherCa", [](ToldCase& c) { c.request().set("ca", "other"); }, "ca is not what", true},
    {"OtherProfile", [](ToldCase& c) { c.request().set("profile", "other"); }, "profile is not what", true},
    {"OtherSubject", [](ToldCase& c) { c.request().set("subject", "CN=a.exampl"); }, "subject is not what", true},
    {"OtherKeyToMake", [](ToldCase& c) { c.request().set("generate_key", "rsa-2048"); }, "the key that is to be made", true},
    {"OtherRenewal", [](ToldCase& c) { c.request().set("renews", "4711"); }, "the certificate that is renewed", true},
    {"OtherSerial", [](ToldCase& c) { c.at(c.request(), "certificate").set("serial_number", "4712"); }, "the serial", true},
    {"SerialOfAnotherCertificate", [](ToldCase& c) { c.fields(7).set("serial", "1268"); }, "different certificates", true},
    {"EscapesInTheFile", [](ToldCase& c) { c.request().set("state", "\x1b[2J"); }, "\\x1b[2J"},
};

class Forged : public ::testing::TestWithParam<Forgery> {};

TEST_P(Forged, IsRefused) {
  ToldCase forged;
  GetParam().forge(forged);
  const auto said = forged.judged();
  EXPECT_TRUE(has(said, GetParam().refusal)) << '"' << said << '"';
  EXPECT_NE(said, "");
}

// What only all of the records tell is left out; the rest is not.
TEST_P(Forged, InPartToo) {
  ToldCase forged;
  GetParam().forge(forged);
  EXPECT_EQ(!forged.judged(true).empty(), GetParam().seen_in_part) << forged.judged(true);
}

INSTANTIATE_TEST_SUITE_P(CaseStory, Forged, ::testing::ValuesIn(kForgeries), [](const auto& each) { return each.param.name; });

TEST(CaseStory, ASubjectThatTheRecordCutsIsHeldByItsBeginning) {
  const std::string subject(5'000, 'a');
  ToldCase c;
  c.request().set("subject", subject);
  c.fields(0).set("subject", subject.substr(0, audit::kMaxValueOctets) + "\xe2\x80\xa6");
  EXPECT_EQ(c.judged(), "");
  c.request().set("subject", "b" + subject);
  EXPECT_NE(c.judged(), "");
  c.request().set("subject", "CN=long");
  c.fields(0).set("subject", "CN\xe2\x80\xa6");
  EXPECT_NE(c.judged(), "") << "an ellipsis that somebody wrote cuts nothing";
}

constexpr std::string_view kAboutEvents[] = {
    "REQUEST_RECEIVED",   "REQUEST_PENDING",     "REQUEST_REPEATED", "APPROVAL_GIVEN",            "REQUEST_APPROVED", "REQUEST_CHANGED",
    "REQUEST_DENIED",     "REQUEST_WITHDRAWN",   "REQUEST_EXPIRED",  "REQUEST_ISSUED",            "REQUEST_FAILED",   "DECISION_REFUSED",
    "CERTIFICATE_ISSUED", "CERTIFICATE_RENEWED", "ACCESS_DENIED",    "NOTIFICATION_ACKNOWLEDGED", "ISSUANCE_REFUSED", "CRL_ISSUED"};

// The same field as the journal's: else a record that the file rightly has would be refused, or a foreign one taken.
TEST(CaseStory, ARecordIsAboutTheRequestThatTheJournalSays) {
  std::size_t with_request = 0;
  for (const std::string_view event : kAboutEvents) {
    const auto type = audit::event_named(event);
    ASSERT_TRUE(type) << event;
    for (const std::string_view field : {"request", "approval", "object", "subject", "entity_id", "reason"}) {
      const bool by_journal = !audit::request_of({*type, {}, {{field, std::string(kToldId)}}}).empty();
      CaseStory story{std::string(kToldId)};
      story.lacks_some();
      const json::Value leaf = json::Object{{"event", event}, {"fields", json::Object{{std::string(field), kToldId}}}};
      EXPECT_EQ(story.add(1, leaf).has_value(), by_journal) << event << ' ' << field;
      with_request += by_journal ? 1 : 0;
    }
  }
  EXPECT_EQ(with_request, 18U);
}

}  // namespace
}  // namespace certwright::cli
