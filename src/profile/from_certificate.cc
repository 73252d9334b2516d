#include "profile/from_certificate.h"

#include <algorithm>

#include "crypto/public_key.h"
#include "profile/subject.h"

namespace certwright::profile {

Result<CertificateRequest> request_from_certificate(const x509::Certificate& certificate,
                                                    const Profile& profile) {
  CertificateRequest request;
  const x509::Name subject = certificate.subject();
  for (std::size_t i = 0; i < subject.size(); ++i) {
    const auto attribute = subject.attribute(i);
    const std::string_view name = subject_attribute_name(attribute.type);
    if (name.empty())
      return fail_field(Errc::invalid, "subject." + attribute.type.to_text(),
                        "subject attribute " + attribute.type.to_text() + " cannot be certified here");
    request.subject.push_back({std::string(name), attribute.text()});
  }
  CERTWRIGHT_TRY(request.names, certificate.subject_alt_names());
  for (const auto& extension : certificate.extensions())
    if (std::ranges::find(profile.copy_extensions, extension.oid, &CopyRule::oid) !=
        profile.copy_extensions.end())
      request.extensions.push_back(extension);
  request.subject_public_key_info = to_bytes(certificate.subject_public_key_info_tlv());
  CERTWRIGHT_TRY(const auto key, crypto::describe_public_key(request.subject_public_key_info));
  request.key_algorithm = std::string(key.algorithm->name);
  return request;
}

}  // namespace certwright::profile
