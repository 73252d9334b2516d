#pragma once
#include <string>
#include <string_view>

#include "bytes/secret_bytes.h"
#include "ca/certification_authority.h"
#include "clock/clock.h"
#include "errors/result.h"

namespace certwright::authority {

// A CA from files, for a process that has no state directory: nothing is stored. `certificates_pem` has
// the CA's certificate first; what follows is kept as its issuers, in that order, whatever it is.
// Errors: bad_encoding; invalid, with what is wrong, if the first is no CA's, is not valid at `now`, or
// the key is another certificate's or none that can sign here.
Result<ca::CaPtr> stand_alone_ca(std::string id, std::string_view certificates_pem, const SecretBytes& private_key_pem,
                                 ca::CaPolicy policy, Time now);

}  // namespace certwright::authority
