#include "registration/request_content.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "json/object_reader.h"
#include "json/writer.h"
#include "registration/digest_parts.h"
#include "x509/extension.h"

namespace certwright::registration {
namespace {

constexpr std::size_t kMaxText = 64 * 1024;
constexpr std::int64_t kMaxValidity_s = 100LL * 366 * 86'400;

tl::unexpected<Error> unreadable(const Error& error) {
  return ::certwright::fail(Errc::internal, "a stored request cannot be read: " + error.detail);
}

Result<std::string> optional_text(json::ObjectReader& reader, std::string_view member) {
  CERTWRIGHT_TRY(auto text, reader.optional_string(member, {.max_length = kMaxText}));
  return std::move(text).value_or(std::string());
}

Result<RequestContent> read_content(std::string_view json_text) {
  CERTWRIGHT_TRY(const auto document, json::parse(json_text));
  CERTWRIGHT_TRY(auto reader, json::ObjectReader::of(document));
  RequestContent content;
  CERTWRIGHT_TRY(auto subject, reader.objects("subject"));
  for (auto& each : subject) {
    profile::SubjectAttribute attribute;
    CERTWRIGHT_TRY(attribute.attribute, each.string("attribute"));
    CERTWRIGHT_TRY(attribute.value, each.string("value", {.max_length = kMaxText}));
    content.subject.push_back(std::move(attribute));
  }
  CERTWRIGHT_TRY(const auto names, reader.string("names", {.max_length = kMaxText}));
  if (!names.empty()) {
    CERTWRIGHT_TRY(const auto der, from_base64(names));
    CERTWRIGHT_TRY(content.names, x509::parse_general_names(der));
  }
  CERTWRIGHT_TRY(const auto validity, reader.optional_integer("validity_s", 1, kMaxValidity_s));
  if (validity) content.validity = Seconds(*validity);
  CERTWRIGHT_TRY(content.generate_key, optional_text(reader, "generate_key"));
  CERTWRIGHT_TRY(const auto renews, reader.optional_integer("renews", 1, std::numeric_limits<std::int64_t>::max()));
  content.renews = static_cast<store::CertificateId>(renews.value_or(0));
  CERTWRIGHT_TRY(content.purpose, reader.string("purpose", {.max_length = kMaxText}));
  CERTWRIGHT_TRY(content.selection, reader.string("selection", {.max_length = kMaxText}));
  CERTWRIGHT_TRY(content.rule, reader.string("rule", {.max_length = kMaxText}));
  CERTWRIGHT_TRY(auto key, reader.optional_string("idempotency_key", {.max_length = kMaxText}));
  if (key) {
    content.idempotency_key = *std::move(key);
    CERTWRIGHT_TRY(const auto hex, reader.string("idempotency_sha256", {.min_length = 64, .max_length = 64}));
    CERTWRIGHT_TRY(const auto digest, from_hex(hex));
    std::ranges::copy(digest, content.idempotency_sha256.emplace().begin());
  }
  return content;
}

Result<RequestChanges> read_changes(std::string_view json_text) {
  CERTWRIGHT_TRY(const auto document, json::parse(json_text));
  CERTWRIGHT_TRY(auto reader, json::ObjectReader::of(document));
  RequestChanges changes;
  CERTWRIGHT_TRY(const auto validity, reader.optional_integer("validity_s", 1, kMaxValidity_s));
  if (validity) changes.validity = Seconds(*validity);
  CERTWRIGHT_TRY(changes.names_removed, reader.strings("names_removed", {.max_count = 1'024, .max_length = kMaxText}));
  return changes;
}

bool equal_attribute(const profile::SubjectAttribute& a, const profile::SubjectAttribute& b) {
  return a.attribute == b.attribute && a.value == b.value;
}

}  // namespace

bool operator==(const RequestContent& a, const RequestContent& b) {
  return std::ranges::equal(a.subject, b.subject, equal_attribute) && a.names == b.names &&
         a.validity == b.validity && a.generate_key == b.generate_key && a.renews == b.renews && a.purpose == b.purpose && a.selection == b.selection && a.rule == b.rule &&
         a.idempotency_key == b.idempotency_key && a.idempotency_sha256 == b.idempotency_sha256;
}

std::string write_request_content(const RequestContent& content) {
  json::Writer w;
  w.begin_object().key("subject").begin_array();
  for (const auto& [attribute, value] : content.subject)
    w.begin_object().member("attribute", attribute).member("value", value).end_object();
  w.end_array();
  w.member("names", content.names.empty() ? std::string() : to_base64(x509::encode_subject_alt_name(content.names)));
  if (content.validity) w.member("validity_s", content.validity->count());
  if (!content.generate_key.empty()) w.member("generate_key", content.generate_key);
  if (content.renews != 0) w.member("renews", content.renews);
  w.member("purpose", content.purpose).member("selection", content.selection).member("rule", content.rule);
  if (!content.idempotency_key.empty() && content.idempotency_sha256)
    w.member("idempotency_key", content.idempotency_key)
        .member("idempotency_sha256", to_hex(*content.idempotency_sha256));
  w.end_object();
  return std::move(w).take();
}

Result<RequestContent> read_request_content(std::string_view json_text) {
  auto content = read_content(json_text);
  if (!content) return unreadable(content.error());
  return content;
}

Result<std::string> text_without_csr(const store::Store& store, const store::RequestRecord& record,
                                     const RequestContent& content) {
  if (!content.generate_key.empty()) return fmt::format("a key pair of {}, which the server makes when it is issued", content.generate_key);
  if (content.renews == 0) return std::string();
  CERTWRIGHT_TRY(const auto newest, store.find_certificate(content.renews));
  if (!newest) return std::string("the next certificate after one that is not there any more");
  const std::string& owner = newest->certificate.principal;
  return fmt::format("the next certificate after {}{}, with {}", newest->certificate.serial.decimal(),
                     owner == record.principal ? "" : fmt::format(" of the account {}", owner),
                     newest->certificate.key_origin == store::KeyOrigin::generated
                         ? "a new key pair, which the server makes when it is issued" : "the same key");
}

std::string write_request_changes(const RequestChanges& changes) {
  if (changes.empty()) return {};
  json::Writer w;
  w.begin_object();
  if (changes.validity) w.member("validity_s", changes.validity->count());
  w.key("names_removed").begin_array();
  for (const auto& name : changes.names_removed) w.value(name);
  w.end_array().end_object();
  return std::move(w).take();
}

Result<RequestChanges> read_request_changes(std::string_view json_text) {
  if (json_text.empty()) return RequestChanges{};
  auto changes = read_changes(json_text);
  if (!changes) return unreadable(changes.error());
  return changes;
}

store::Sha256 request_sha256_of(const IssuanceRequest& request, std::string_view tenant, std::string_view ca,
                                std::string_view key_algorithm) {
  DigestParts parts;
  parts.add("certwright equal requests 1");
  const bool is_made = !request.certification_request && !request.renews;
  for (const std::string_view text : {std::string_view(request.principal.id), tenant,
                                      request.renews ? std::string_view() : ca,
                                      std::string_view(request.profile), std::string_view(request.entity_type),
                                      std::string_view(request.entity_id)})
    parts.add(text);
  parts.add(request.certification_request ? request.certification_request->info_tlv() : ByteView{});
  parts.add(write_request_content({.subject = request.subject,
                                   .names = request.names,
                                   .validity = request.validity,
                                   .generate_key = is_made ? std::string(key_algorithm) : std::string(),
                                   .renews = request.renews ? request.renews->certificate.id : 0,
                                   .purpose = {}, .selection = {}, .rule = {}}));
  if (!request.certification_request && !request.idempotency_key.empty()) parts.add(request.idempotency_key);
  return parts.finish();
}

store::Sha256 binding_of(const store::RequestRecord& record) {
  DigestParts parts;
  parts.add("certwright approval 1");
  for (const std::string* text : {&record.id, &record.tenant, &record.principal, &record.ca, &record.profile,
                                  &record.entity_type, &record.entity_id, &record.content, &record.changes})
    parts.add(*text);
  parts.add(std::to_string(record.profile_version));
  parts.add(record.certification_request);
  return parts.finish();
}

}  // namespace certwright::registration
