#pragma once
// CAs as JSON, both ways.
#include "authority/authority.h"
#include "ca/certification_authority.h"
#include "json/object_reader.h"
#include "json/writer.h"

namespace certwright::gateway::admin {

// `approval_problem`: of a rule that does not count; empty: each does.
void write_ca(json::Writer& w, const ca::CertificationAuthority& ca, Time now, std::string_view approval_problem);
// The successor as a CA, with what was carried over to it: "carried_over", "open_requests".
void write_rotated(json::Writer& w, const authority::Rotated& rotated, Time now);

enum class NewCaKind : std::uint8_t { root, subordinate, request };
struct NewCaBody {
  NewCaKind kind = NewCaKind::subordinate;
  std::string parent;
  authority::NewCa ca;
};
// {"id", "name", "kind": "root|subordinate|request", "parent", "subject", "key_algorithm",
//  "signature_algorithm", "validity", "policy": {...}}. Errors: invalid with the field.
Result<NewCaBody> read_new_ca(const json::Value& body);

// {"id", "name", "certificate": PEM chain, "private_key": PEM, "pkcs12": base64, "passphrase",
//  "policy"}: certificate (and private_key, for an online CA), or pkcs12.
Result<authority::ImportedCa> read_imported_ca(const json::Value& body);

// A PEM text of a CA certificate and its issuers, in order.
struct PemChain {
  Bytes certificate;
  std::vector<Bytes> issuers;
};
Result<PemChain> read_pem_chain(std::string_view pem, std::string_view field);

// The member "policy" of a body; the default if it is absent.
Result<ca::CaPolicy> read_policy(json::ObjectReader& reader);

}  // namespace certwright::gateway::admin
