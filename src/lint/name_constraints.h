#pragma once
// Name constraints, RFC 5280 section 4.2.1.10.
#include <optional>
#include <string>
#include <vector>

#include "x509/extension.h"
#include "x509/general_name.h"
#include "x509/name.h"

namespace certwright::lint {

// The first name that is outside the permitted subtrees of its type or inside an excluded one, as a
// sentence; nothing if there is none. Looked at are the names, the subject (directoryName), its
// emailAddress attributes, and a common name that reads as a host name where there is no dNSName:
// verifiers fall back to it.
//
// dNSName: "example.com" holds itself and all below, ".example.com" only what is below, "" all. A
// wildcard is outside what does not hold all of its hosts, and inside what holds one.
// rfc822Name: a mailbox, a host, or ".domain" for all hosts below. URI: the same of its host; a URI
// without one is outside all. iPAddress: address and mask. directoryName: the first RDNs are equal,
// compared as UTF-8 without ASCII case and extra spaces (the part of RFC 5280 section 7.1 that
// matters; the rest compares as different). Other types: constrained names are refused, because
// nobody here can judge them.
std::optional<std::string> name_constraints_complaint(const x509::NameConstraints& constraints,
                                                      const x509::Name& subject,
                                                      const std::vector<x509::GeneralName>& names);

}  // namespace certwright::lint
