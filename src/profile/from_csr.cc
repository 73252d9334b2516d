#include "profile/from_csr.h"

#include <string>

#include <fmt/format.h>

#include "crypto/public_key.h"
#include "profile/shown.h"
#include "profile/subject.h"
#include "x509/oids.h"

namespace certwright::profile {

Result<CertificateRequest> request_from_csr(const pkcs10::CertificationRequest& csr) {
  CertificateRequest request;
  const x509::Name& subject = csr.subject();
  request.subject.reserve(subject.size());
  for (std::size_t i = 0; i < subject.size(); ++i) {
    const x509::Name::Attribute attribute = subject.attribute(i);
    const std::string_view name = subject_attribute_name(attribute.type);
    if (name.empty()) {
      const std::string type = attribute.type.to_text();
      return fail_field(Errc::invalid, fmt::format("subject.{}", type),
                        fmt::format("subject attribute {} ({}) cannot be certified here", type,
                                    shown(attribute.text())));
    }
    request.subject.push_back({std::string(name), attribute.text()});
  }
  auto names = csr.requested_subject_alt_names();
  if (!names) return fail_field(Errc::invalid, "names", std::move(names).error().detail);
  request.names = std::move(*names);
  for (const x509::Extension& extension : csr.requested_extensions())
    if (extension.oid != x509::oids::kSubjectAltName) request.extensions.push_back(extension);
  request.subject_public_key_info = to_bytes(csr.subject_public_key_info_tlv());
  CERTWRIGHT_TRY(const auto key, crypto::describe_public_key(request.subject_public_key_info));
  request.key_algorithm = std::string(key.algorithm->name);
  return request;
}

}  // namespace certwright::profile
