#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ca/ca_directory.h"
#include "clock/clock.h"
#include "errors/result.h"
#include "gateway/pki/prepared_answers.h"
#include "gateway/web/context.h"
#include "gateway/web/route.h"
#include "http/message.h"
#include "revocation/crl_issuer.h"
#include "revocation/ocsp_responder.h"

namespace certwright::gateway::pki {

// What relying parties fetch, without credentials and also without TLS, because what they get is
// signed and needed to make TLS work: OCSP (RFC 6960 appendix A, RFC 5019 section 5), CRLs and
// issuer certificates (RFC 5280 sections 4.2.1.13 and 4.2.2.1, RFC 2585). README.md lists the routes.
//
// No query parameter and no header changes what an answer says; If-None-Match may spare its body.
// Safe to call from any thread.
class Door {
 public:
  struct Dependencies {  // all must outlive the door and its routes
    revocation::OcspResponder& ocsp;
    revocation::CrlIssuer& crls;
    const ca::CaDirectory& cas;
    const Clock& clock;
  };
  explicit Door(Dependencies dependencies) : d_(dependencies) {}

  // The door must outlive its routes.
  std::vector<web::Route> routes();

  // The parts of a request that decide an answer. Views are read during the call only.
  struct Condition {
    std::string_view if_none_match;      // header values, empty if absent
    std::string_view if_modified_since;
    bool empty() const noexcept { return if_none_match.empty() && if_modified_since.empty(); }
  };

  // `raw_path` is what follows "/ocsp/", as sent. Status 200 or 304, an OCSPResponse also for errors.
  http::Response ocsp_get(std::string_view raw_path, const Condition& condition);
  // 200 with an OCSPResponse; 415 for what is neither called an OCSP request nor is one.
  http::Response ocsp_post(std::string_view content_type, ByteView body);

  // The same answers from the responder's cache, prepared as octets; nullopt where it would have to sign.
  std::optional<http::Response> ocsp_get_now(std::string_view raw_path, const Condition& condition);
  std::optional<http::Response> ocsp_post_now(ByteView body);

  // `file` is "<shard>.crl" or "<shard>.pem". Errors: not_found; those of CrlIssuer::current().
  Result<http::Response> crl_shard(std::string_view ca, std::string_view file,
                                   const Condition& condition);
  // `file` is "<ca>.crl" or "<ca>.pem": the one CRL of a CA, or shard 0's if it has several by now.
  Result<http::Response> crl(std::string_view file, const Condition& condition);
  // The same answers as DER, if the CRL is published: nothing is built and no PEM is made.
  std::optional<http::Response> crl_now(std::string_view file, const Condition& condition);
  std::optional<http::Response> crl_shard_now(std::string_view ca, std::string_view file,
                                              const Condition& condition);
  // `file` is "<ca>.cer" or "<ca>.pem". Errors: not_found.
  Result<http::Response> ca_certificate(std::string_view file, const Condition& condition) const;
  // This CA's certificate, then its issuers up to the root, as PEM. Errors: not_found.
  Result<http::Response> ca_chain(std::string_view ca, const Condition& condition) const;

 private:
  enum class Form : std::uint8_t { der, pem };
  // What a path names; the file's form is not checked against what the CA has.
  struct CrlName {
    std::string ca;
    std::uint32_t shard = 0;
    Form form = Form::der;
  };
  std::optional<CrlName> crl_named(std::string_view file) const;
  static std::optional<CrlName> shard_named(std::string_view ca, std::string_view file);
  Result<http::Response> crl_answer(const CrlName& name, const Condition& condition);
  std::optional<http::Response> published_crl(const CrlName& name, const Condition& condition);
  http::Response crl_response(const revocation::PublishedCrl& crl, Form form,
                              const Condition& condition) const;
  static http::Response ocsp_get_response(const revocation::OcspAnswer& answer, Time now,
                                          const Condition& condition);

  Dependencies d_;
  PreparedAnswers get_answers_, post_answers_;
};

}  // namespace certwright::gateway::pki
