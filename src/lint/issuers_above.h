#pragma once
// What the CAs above an issuer allow: read once for each CA, so that a certificate costs no parsing.
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bytes/bytes.h"
#include "clock/clock.h"
#include "der/oid.h"
#include "x509/extension.h"

namespace certwright::lint {

struct IssuersAbove {
  // One of those CAs that limits names or purposes.
  struct Limit {
    std::string ca;  // subject, RFC 4514 text
    std::optional<x509::NameConstraints> names;
    std::optional<std::vector<der::Oid>> purposes;  // none: any
  };
  std::vector<Limit> limits;
  std::optional<Time> not_after;  // the earliest; none without a CA above
  std::string first_to_end;       // its subject
  std::string unreadable;         // why nothing may be issued below; "" if all could be read

  // `chain` is DER: the issuer's issuer first, the root last; empty for a root. Never fails: what
  // cannot be read is `unreadable`, and then every certificate is a finding.
  static IssuersAbove read(std::span<const Bytes> chain);
};

}  // namespace certwright::lint
