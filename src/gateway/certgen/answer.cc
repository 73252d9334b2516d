#include "gateway/certgen/answer.h"

#include <algorithm>

#include "gateway/certgen/response.h"
#include "x509/pem.h"

namespace certwright::gateway::certgen {
namespace {

using issuance::InterceptionCertificate;
using issuance::InterceptionLimits;

// More names than this never fit, whatever is left out: 16,384 octets of PEM hold 12,000 of DER.
constexpr std::size_t kNamesOctetsMax = 12'000;
// Of a leaf without its names: subject and issuer of a kibibyte each at most, an RSA-2048 key, the
// signature of an RSA-4096 one.
constexpr std::size_t kLeafRestOctets = 3'072;
constexpr std::size_t kPemLineOctets = 65, kDerOfALine = 48;

// Issuers of a chain, as PEM. `with_root` only matters where the chain has one.
std::string issuers_pem(const InterceptionCertificate& made, bool with_root) {
  std::string pem;
  const std::size_t count = made.issuer_chain_der.size() - (made.chain_ends_in_root && !with_root ? 1 : 0);
  for (std::size_t i = 0; i < count; ++i) pem += x509::to_pem(x509::kPemCertificate, made.issuer_chain_der[i]);
  return pem;
}

// Octets of names that leave room for the rest, when the leaf's PEM may have `pem_octets`.
std::size_t names_budget(std::size_t pem_octets) noexcept {
  const std::size_t der_octets = pem_octets / kPemLineOctets * kDerOfALine;
  return der_octets > kLeafRestOctets ? der_octets - kLeafRestOctets : 0;
}

class Fitting {
 public:
  Fitting(issuance::InterceptionIssuer& issuer, const Request& request, ChainForm form)
      : issuer_(issuer), form_(form), asked_{.host = request.host, .usage = request.usage, .upstream_certificate = request.upstream_certificate},
        room_(kResponseOctetsMax - head_octets_max(request.host.size()) - kTailOctetsMax) {}

  Result<Answer> run() {
    InterceptionLimits limits{.names_octets_max = kNamesOctetsMax};
    CERTWRIGHT_TRY(auto made, issuer_.issue(asked_, limits));
    if (auto answer = packed(made, form_ == ChainForm::with_root)) return answer;
    if (auto answer = packed(made, false)) return answer;
    limits.names_octets_max = names_budget(leaf_pem_octets_max(made));
    CERTWRIGHT_TRY(made, issuer_.issue(asked_, limits));
    if (auto answer = packed(made, false)) return answer;
    limits.prefer_small_key = true;
    CERTWRIGHT_TRY(made, issuer_.issue(asked_, limits));
    auto answer = packed(made, false);
    if (answer) answer->reductions.small_key = true;
    return answer;
  }

 private:
  std::string chain_pem(const InterceptionCertificate& made, bool with_root) const {
    std::string pem = x509::to_pem(x509::kPemCertificate, made.certificate_der);
    if (form_ != ChainForm::leaf_only) pem += issuers_pem(made, with_root);
    return pem;
  }

  std::size_t leaf_pem_octets_max(const InterceptionCertificate& made) const {
    const std::size_t others = body_octets(form_ == ChainForm::leaf_only ? 0 : issuers_pem(made, false).size(), made.private_key_der.size());
    return room_ > others ? room_ - others : 0;
  }

  Result<Answer> packed(InterceptionCertificate& made, bool with_root) const {
    const std::string pem = chain_pem(made, with_root);
    if (body_octets(pem.size(), made.private_key_der.size()) > room_)
      return fail(Errc::too_large, "the certificate chain does not fit into a client's buffer");
    Answer answer;
    answer.body = encode_body(pem, made.private_key_der.reveal());
    answer.key_algorithm = made.key_algorithm;
    answer.not_after = made.not_after;
    answer.ttl_s = made.ttl_s;
    answer.key_type_switched = made.key_type_switched;
    answer.reductions.root_dropped = form_ == ChainForm::with_root && made.chain_ends_in_root && !with_root;
    answer.reductions.names_trimmed = made.names_trimmed;
    return answer;
  }

  issuance::InterceptionIssuer& issuer_;
  ChainForm form_;
  issuance::InterceptionRequest asked_;
  std::size_t room_;
};

}  // namespace

std::uint32_t Answer::ttl_s_at(Time now) const noexcept {
  const auto left = std::chrono::floor<Seconds>(not_after - now).count();
  return left <= 0 ? 0 : static_cast<std::uint32_t>(std::min<std::int64_t>(left, ttl_s));
}

Result<Answer> make_answer(issuance::InterceptionIssuer& issuer, const Request& request, ChainForm form) {
  return Fitting(issuer, request, form).run();
}

}  // namespace certwright::gateway::certgen
