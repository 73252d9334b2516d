#pragma once
#include <string_view>
#include <vector>

#include "clock/clock.h"
#include "errors/result.h"
#include "x509/certificate.h"

namespace certwright::authority {

// Checks the certificate of a CA that comes to us, with its issuers, first to last, ending in a
// self-signed root (RFC 5280 section 6.1, as far as it concerns CAs): each is a v3 CA with keyCertSign,
// signed by the next, whose subject is its issuer; path lengths suffice; all are valid at `now`.
// Does not process policies, and no name constraints: those bind leaves, and lint checks them there.
// Errors: invalid, field "certificate" or "issuer_chain[i]", naming the reason.
Result<void> check_ca_chain(const x509::Certificate& certificate,
                            const std::vector<x509::Certificate>& issuer_chain, Time now);

// May the CA at the head of `chain` (it, its issuers, the root) have a CA below it, as far as all their
// path lengths say? Errors: policy, field "parent".
Result<void> check_room_below(const std::vector<x509::Certificate>& chain);

}  // namespace certwright::authority
