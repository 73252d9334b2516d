#pragma once
#include <cstdint>
#include <string_view>

#include "bytes/secret_bytes.h"
#include "clock/clock.h"
#include "errors/result.h"
#include "gateway/certgen/request.h"
#include "issuance/interception.h"

namespace certwright::gateway::certgen {

// Which issuers follow the leaf. Clients trust the root already: it costs them time and octets.
enum class ChainForm : std::uint8_t { without_root, with_root, leaf_only };

// What was done to keep an answer within kResponseOctetsMax.
struct Reductions {
  bool root_dropped = false;
  bool names_trimmed = false;
  bool small_key = false;
};

// The part of an answer that does not depend on who asked: immutable, shared, wiped with its owner.
struct Answer {
  SecretBytes body;  // response.h: certificate chain and private key
  std::string_view key_algorithm;
  Time not_after{};
  std::uint32_t ttl_s = 0;  // when it was made
  bool key_type_switched = false;  // by policy, an empty pool or for size
  Reductions reductions;

  // Never beyond notAfter; 0 for an expired certificate.
  std::uint32_t ttl_s_at(Time now) const noexcept;
};

// Asks for a certificate and brings it into an answer that fits: first without the root, then with the
// names that cover the host only, then with a small key. Intermediates always stay.
// Errors: those of the issuer; too_large if even so it does not fit, i.e. the chain is too long.
Result<Answer> make_answer(issuance::InterceptionIssuer& issuer, const Request& request, ChainForm form);

}  // namespace certwright::gateway::certgen
