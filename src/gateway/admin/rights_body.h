#pragma once
// What a certificate would be good for, and what the CSR brings into it, as JSON.
#include <vector>

#include "json/writer.h"
#include "x509/extension.h"

namespace certwright::gateway::admin {

// Members of the object that is open: `key_usage` and `extended_key_usage`, `basic_constraints` where it is for a
// CA, and `extensions`: those that neither RFC 5280 nor the CA decides, with digest and size, for their contents
// are anything; `copied` are those that stand in `requested` with the same octets.
void write_rights(json::Writer& w, const x509::Extensions& extensions, const std::vector<x509::Extension>& requested);

}  // namespace certwright::gateway::admin
