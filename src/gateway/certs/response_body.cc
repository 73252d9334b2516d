#include "gateway/certs/response_body.h"

#include <utility>

#include "bytes/secret_bytes.h"
#include "json/writer.h"
#include "x509/certificate.h"
#include "x509/pem.h"

namespace certwright::gateway::certs {
namespace {

constexpr std::size_t kListRowOctets = 320;  // to reserve; a guess that saves copies

void write_row(json::Writer& writer, const store::LineageRow& row) {
  writer.begin_object().member("SerialNumber", row.handle_serial.decimal());
  writer.key("Certificate").null().key("Key").null();
  writer.member("Revoked", row.revocation.has_value())
      .member("ExpiryDate", to_rfc3339(row.revocation ? row.revocation->revoked_at : row.not_after))
      .member("EntityType", row.entity_type)
      .member("EntityID", row.entity_id)
      .member("DownloadUrl", "")
      // New, so after what clients know.
      .member("CurrentSerialNumber", row.current_serial.decimal())
      .member("Subject", row.subject)
      .member("Profile", row.profile)
      .member("CA", row.ca)
      .member("Tenant", row.tenant)
      .end_object();
}

// Empty where only a digest is kept.
std::string pem_of(const store::CertificateRecord& certificate) {
  return certificate.der.empty() ? std::string()
                                 : x509::to_pem(x509::kPemCertificate, certificate.der);
}

void write_names(json::Writer& writer, const store::CertificateRecord& certificate) {
  writer.key("names").begin_array();
  if (const auto parsed = x509::Certificate::parse(certificate.der)) {
    if (const auto names = parsed->subject_alt_names())
      for (const auto& name : *names) writer.value(name.to_text());
  } else {
    for (const std::string& name : certificate.names) writer.value(name);
  }
  writer.end_array();
}

}  // namespace

http::Response json_answer(int status, std::string json) {
  reserve_wiping(json, 1);  // it may hold a token
  json += '\n';
  return http::respond(status, "application/json", std::move(json));
}

http::Response empty_answer() { return http::respond(200, "application/json", std::string()); }

std::string serial_number_json(const x509::SerialNumber& serial) {
  json::Writer writer;
  writer.begin_object().member("serial_number", serial.decimal()).end_object();
  return std::move(writer).take();
}

std::string token_json(std::string_view token) {
  json::Writer writer;
  writer.begin_object().member("token", token).end_object();
  return std::move(writer).take();
}

std::string csr_answer_json(const store::CertificateRecord& certificate) {
  json::Writer writer;
  writer.begin_object()
      .member("serial_number", certificate.serial.decimal())
      .member("certificate", pem_of(certificate))
      .member("revoked", false)
      .member("expiry_time", to_rfc3339(certificate.not_after))
      .member("entity_id", certificate.entity_id)
      .end_object();
  return std::move(writer).take();
}

std::string list_json(const ListAnswer& answer) {
  const inventory::Listing& listing = answer.listing;
  json::Writer writer(64 + listing.rows.size() * kListRowOctets);
  writer.begin_object().key("certificates").begin_array();
  for (const auto& row : listing.rows) write_row(writer, row);
  writer.end_array().member("total", listing.count.value);
  if (answer.offset != 0) writer.member("offset", answer.offset);
  writer.member("limit", answer.limit);
  if (!answer.entity_id.empty()) writer.member("entity_id", answer.entity_id);
  if (listing.next) writer.member("next_cursor", *listing.next);
  if (!listing.count.exact) writer.member("total_is_exact", false);
  writer.end_object();
  return std::move(writer).take();
}

std::string detail_json(const inventory::Lineage& lineage, const store::StoredCertificate& shown) {
  const store::CertificateRecord& certificate = shown.certificate;
  json::Writer writer(4096);
  writer.begin_object()
      .member("serial_number", lineage.handle().certificate.serial.decimal())
      .member("certificate", pem_of(certificate))
      .member("revoked", shown.revocation.has_value())
      .member("expiry_time", to_rfc3339(certificate.not_after))
      .member("entity_id", certificate.entity_id)
      .member("entity_type", certificate.entity_type);
  if (shown.revocation)
    writer.member("revocation_time", to_rfc3339(shown.revocation->revoked_at))
        .member("reason", x509::name_of(shown.revocation->reason));
  writer.member("not_before", to_rfc3339(certificate.not_before))
      .member("issued_at", to_rfc3339(certificate.issued_at))
      .member("subject", certificate.subject);
  write_names(writer, certificate);
  writer.member("profile", certificate.profile)
      .member("profile_version", certificate.profile_version)
      .member("ca", certificate.ca)
      .member("tenant", certificate.tenant)
      .member("key_origin", certificate.key_origin == store::KeyOrigin::generated
                                ? "generated"
                                : "certification_request")
      .member("shown_serial_number", certificate.serial.decimal())
      .member("current_serial_number", lineage.current().certificate.serial.decimal());
  writer.key("lineage").begin_array();
  for (const auto& member : lineage.certificates) writer.value(member.certificate.serial.decimal());
  writer.end_array().end_object();
  return std::move(writer).take();
}

std::string bulk_json(const revocation::RevocationService::BulkProgress& progress) {
  json::Writer writer;
  writer.begin_object()
      .member("revoked", progress.revoked)
      .member("already_revoked", progress.already_revoked)
      .member("seen", progress.seen)
      .end_object();
  return std::move(writer).take();
}

http::Response waiting_answer(const store::RequestRecord& request, const Error& why) {
  constexpr const char* kRetryAfter_s = "60";
  json::Writer writer;
  writer.begin_object().member("error", "");
  writer.member("message", why.detail + "; request " + request.id +
                               " waits for it: send the same request again when it is approved");
  writer.member("request_id", request.id).member("status_url", "/csr/requests/" + request.id).end_object();
  auto response = json_answer(409, std::move(writer).take());
  response.headers.set("Retry-After", kRetryAfter_s);
  response.headers.set("Cache-Control", "no-store");
  return response;
}

}  // namespace certwright::gateway::certs
