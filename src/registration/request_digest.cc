#include "registration/request_digest.h"

#include "registration/digest_parts.h"

namespace certwright::registration {

store::Sha256 request_digest(const IssuanceRequest& request) {
  DigestParts parts;
  const std::string any_ca;  // of a renewal: which one gives it is found out
  for (const std::string* text : {&request.tenant, request.renews ? &any_ca : &request.ca, &request.profile, &request.entity_type,
                                  &request.entity_id, &request.generate_key})
    parts.add(*text);
  parts.add(request.certification_request ? request.certification_request->der() : ByteView{});
  parts.add(std::to_string(request.subject.size()));
  for (const auto& attribute : request.subject) {
    parts.add(attribute.attribute);
    parts.add(attribute.value);
  }
  parts.add(std::to_string(request.names.size()));
  for (const auto& name : request.names) parts.add(name.to_text());
  parts.add(request.validity ? std::to_string(request.validity->count()) : "");
  if (request.name_constraints) parts.add(x509::encode_name_constraints(*request.name_constraints));
  for (const auto& name : request.names_removed) parts.add(name);
  if (request.renews) parts.add(std::to_string(request.renews->certificate.lineage));  // there is one next at a time
  return parts.finish();
}

}  // namespace certwright::registration
