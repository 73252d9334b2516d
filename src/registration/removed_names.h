#pragma once
// Names that an officer took out of a request. Private to this room and to issuance, which looks once more.
#include <string>
#include <string_view>
#include <vector>

#include "errors/result.h"
#include "profile/build.h"
#include "x509/tbs_certificate.h"

namespace certwright::registration {

// Do these texts of GeneralName::to_text() name the same? Case does not count, but in the path of a URI.
bool is_same_name_text(std::string_view a, std::string_view b);

// Takes every name that is the same as one of `removed` out of the request. Errors: invalid, field
// "names_removed", if there is none, or if the subject has the name too: it would stay there, or come back.
Result<void> remove_names(const std::vector<std::string>& removed, profile::CertificateRequest& request);

// The certificate as it would be has none of `removed`, wherever it may have come from. Errors: as above.
Result<void> check_removed(const std::vector<std::string>& removed, const x509::TbsCertificate& certificate);

}  // namespace certwright::registration
