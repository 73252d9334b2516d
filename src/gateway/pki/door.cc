#include "gateway/pki/door.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "crypto/digest.h"
#include "gateway/pki/caching.h"
#include "gateway/pki/ocsp_path.h"
#include "gateway/web/problem.h"
#include "ocsp_message/ocsp_request.h"
#include "x509/pem.h"

namespace certwright::gateway::pki {
namespace {

constexpr std::string_view kOcspRequestType = "application/ocsp-request";
constexpr std::size_t kOcspBodyOctets = 64 * 1024;
// A cache gives an answer up before relying parties with a clock ahead of ours find it stale.
constexpr Duration kMostSkew = std::chrono::minutes(5);
// A newer CRL can be there long before this one ends; with the entity tag asking again is cheap.
constexpr Duration kLongestCrlAge = std::chrono::minutes(10);
constexpr Duration kCertificateAge = std::chrono::hours(1);

http::Response ocsp_response(const revocation::OcspAnswer& answer) {
  return http::respond(200, "application/ocsp-response", answer.der);
}

std::string_view without_parameters(std::string_view content_type) {
  content_type = content_type.substr(0, content_type.find(';'));
  while (content_type.ends_with(' ') || content_type.ends_with('\t')) content_type.remove_suffix(1);
  return content_type;
}

// "name" of "name.extension"; nullopt for another extension.
std::optional<std::string_view> stem(std::string_view file, std::string_view extension) {
  if (!file.ends_with(extension) || file.size() == extension.size()) return std::nullopt;
  return file.substr(0, file.size() - extension.size());
}

tl::unexpected<Error> nothing_here() { return fail(Errc::not_found, "there is no such file"); }

std::string etag_of(ByteView content) { return to_hex(ByteView(crypto::sha256(content)).first(16)); }

// What the web handler adds to an answer that is not prepared.
http::Response without_sniffing(http::Response response) {
  response.headers.set("X-Content-Type-Options", "nosniff");
  return response;
}

std::optional<http::Response> prepared(PreparedAnswers::Prepared octets) {
  if (octets == nullptr) return std::nullopt;
  http::Response response;
  response.prepared = std::move(octets);
  return response;
}

Door::Condition condition_of(const http::RequestHead& head) {
  return {head.header("If-None-Match"), head.header("If-Modified-Since")};
}

}  // namespace

http::Response Door::ocsp_get_response(const revocation::OcspAnswer& answer, Time now,
                                       const Condition& condition) {
  auto response = ocsp_response(answer);
  if (!answer.cacheable) {
    response.headers.add("Cache-Control", "no-store");
    return response;
  }
  const Duration skew = std::min(kMostSkew, (answer.next_update - answer.this_update) / 10);
  apply_freshness({answer.etag, answer.this_update, answer.next_update - skew}, now,
                  condition.if_none_match, condition.if_modified_since, response);
  return response;
}

http::Response Door::ocsp_get(std::string_view raw_path, const Condition& condition) {
  // What is no base64 is answered like what is no request: by the responder, in its words.
  const auto request = decode_ocsp_path(raw_path);
  const auto answer = d_.ocsp.respond(request ? ByteView(*request) : ByteView{});
  return ocsp_get_response(answer, d_.clock.now(), condition);
}

std::optional<http::Response> Door::ocsp_get_now(std::string_view raw_path,
                                                 const Condition& condition) {
  const auto request = decode_ocsp_path(raw_path);
  if (!request) return std::nullopt;
  const auto answer = d_.ocsp.respond_from_cache(*request);
  if (!answer) return std::nullopt;
  const Time now = d_.clock.now();
  if (!condition.empty()) return ocsp_get_response(*answer, now, condition);
  return prepared(get_answers_.get(answer->der, now, [&] {
    return without_sniffing(ocsp_get_response(*answer, now, {}));
  }));
}

std::optional<http::Response> Door::ocsp_post_now(ByteView body) {
  const auto answer = d_.ocsp.respond_from_cache(body);
  if (!answer) return std::nullopt;
  return prepared(post_answers_.get(answer->der, Time{}, [&] {
    return without_sniffing(ocsp_response(*answer));
  }));
}

http::Response Door::ocsp_post(std::string_view content_type, ByteView body) {
  const std::string_view type = without_parameters(content_type);
  if (!type.empty() && !http::equal_ignoring_case(type, kOcspRequestType) &&
      !ocsp_message::OcspRequest::parse(body))
    return web::error_response(web::ErrorForm::problem, 415,
                               "the body is no OCSP request (application/ocsp-request)");
  const auto answer = d_.ocsp.respond(body);
  auto response = ocsp_response(answer);
  if (!answer.cacheable) response.headers.add("Cache-Control", "no-store");
  return response;
}

http::Response Door::crl_response(const revocation::PublishedCrl& crl, Form form,
                                  const Condition& condition) const {
  const Time now = d_.clock.now();
  http::Response response = http::respond(200, "application/pkix-crl", crl.der);
  std::string etag = crl.etag;
  if (form == Form::pem) {
    etag += "-pem";
    // A PEM of megabytes is not made for somebody who has it.
    const bool is_known = names_etag(condition.if_none_match, etag);
    response = http::respond(200, "application/x-pem-file",
                             is_known ? std::string() : x509::to_pem(x509::kPemCrl, *crl.der));
  }
  apply_freshness({etag, crl.this_update, std::min(crl.next_update, now + kLongestCrlAge)}, now,
                  condition.if_none_match, condition.if_modified_since, response);
  return response;
}

std::optional<Door::CrlName> Door::crl_named(std::string_view file) const {
  const auto der = stem(file, ".crl"), pem = stem(file, ".pem");
  if (!der && !pem) return std::nullopt;
  const auto ca = d_.cas.find(der ? *der : *pem);
  if (ca == nullptr) return std::nullopt;
  // With several shards it is shard 0's, which says so: certificates of the time when there was one
  // CRL are all in shard 0, and a critical IDP keeps it from passing for all.
  return CrlName{ca->id(), 0, der ? Form::der : Form::pem};
}

std::optional<Door::CrlName> Door::shard_named(std::string_view ca, std::string_view file) {
  const auto der = stem(file, ".crl"), pem = stem(file, ".pem");
  if (!der && !pem) return std::nullopt;
  const std::string_view digits = der ? *der : *pem;
  std::uint32_t shard = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), shard);
  const bool is_canonical = digits == "0" || digits.front() != '0';
  if (parsed.ec != std::errc{} || parsed.ptr != digits.data() + digits.size() || !is_canonical)
    return std::nullopt;
  return CrlName{std::string(ca), shard, der ? Form::der : Form::pem};
}

Result<http::Response> Door::crl_answer(const CrlName& name, const Condition& condition) {
  CERTWRIGHT_TRY(const auto crl, d_.crls.current(name.ca, name.shard));
  return crl_response(*crl, name.form, condition);
}

std::optional<http::Response> Door::published_crl(const CrlName& name, const Condition& condition) {
  if (name.form != Form::der) return std::nullopt;
  const auto crl = d_.crls.published(name.ca, name.shard);
  if (crl == nullptr) return std::nullopt;
  return crl_response(*crl, name.form, condition);
}

Result<http::Response> Door::crl(std::string_view file, const Condition& condition) {
  const auto name = crl_named(file);
  return name ? crl_answer(*name, condition) : nothing_here();
}

std::optional<http::Response> Door::crl_now(std::string_view file, const Condition& condition) {
  const auto name = crl_named(file);
  return name ? published_crl(*name, condition) : std::nullopt;
}

Result<http::Response> Door::crl_shard(std::string_view ca, std::string_view file,
                                       const Condition& condition) {
  const auto name = shard_named(ca, file);
  return name ? crl_answer(*name, condition) : nothing_here();
}

std::optional<http::Response> Door::crl_shard_now(std::string_view ca, std::string_view file,
                                                  const Condition& condition) {
  const auto name = shard_named(ca, file);
  return name ? published_crl(*name, condition) : std::nullopt;
}

Result<http::Response> Door::ca_certificate(std::string_view file, const Condition& condition) const {
  const auto der = stem(file, ".cer"), pem = stem(file, ".pem");
  if (!der && !pem) return nothing_here();
  const auto ca = d_.cas.find(der ? *der : *pem);
  if (ca == nullptr) return nothing_here();
  const auto& certificate = ca->certificate();
  http::Response response = der ? http::respond(200, "application/pkix-cert", to_bytes(certificate.der()))
                                : http::respond(200, "application/x-pem-file", ca->certificate_pem());
  const Time now = d_.clock.now();
  apply_freshness({etag_of(response.body.view()), certificate.not_before(), now + kCertificateAge}, now,
                  condition.if_none_match, condition.if_modified_since, response);
  return response;
}

Result<http::Response> Door::ca_chain(std::string_view id, const Condition& condition) const {
  const auto ca = d_.cas.find(id);
  if (ca == nullptr) return nothing_here();
  auto response = http::respond(200, "application/x-pem-file", ca->chain_pem());
  const Time now = d_.clock.now();
  apply_freshness({etag_of(response.body.view()), ca->certificate().not_before(), now + kCertificateAge},
                  now, condition.if_none_match, condition.if_modified_since, response);
  return response;
}

std::vector<web::Route> Door::routes() {
  std::vector<web::Route> routes;
  const auto add = [&](std::string method, std::string pattern, std::string operation,
                       http::Run run, web::RouteHandler handler, web::ReadyAnswer ready = {}) {
    routes.push_back({.method = std::move(method),
                      .pattern = std::move(pattern),
                      .guard = web::Guard::open(),
                      .operation_id = std::move(operation),
                      .door = "pki",
                      .handler = std::move(handler),
                      .run = run,
                      .body_limit_octets = kOcspBodyOctets,
                      .on_plain_http = true,
                      .rate_limited = false,
                      .ready = std::move(ready)});
  };
  const auto post = [this](web::Context& c) -> Result<http::Response> {
    return ocsp_post(c.request.header("Content-Type"), c.request.body);
  };
  const auto get = [this](web::Context& c) -> Result<http::Response> {
    return ocsp_get(c.rest(), condition_of(c.request));
  };
  const auto post_now = [this](const http::Request& request, std::string_view) {
    return ocsp_post_now(request.body);
  };
  const auto get_now = [this](const http::Request& request, std::string_view rest) {
    return ocsp_get_now(rest, condition_of(request));
  };
  add("POST", "/ocsp", "postOcsp", http::Run::worker, post, post_now);
  add("GET", "/ocsp/{request...}", "getOcsp", http::Run::worker, get, get_now);
  add("POST", "/certs/ocsp", "postCertsOcsp", http::Run::worker, post, post_now);
  add("GET", "/certs/ocsp/{request...}", "getCertsOcsp", http::Run::worker, get, get_now);
  const auto crl_ready = [this](const http::Request& request, std::string_view) {
    return crl_now(request.segments[1], condition_of(request));
  };
  const auto shard_ready = [this](const http::Request& request, std::string_view) {
    return crl_shard_now(request.segments[1], request.segments[2], condition_of(request));
  };
  add("GET", "/crl/{file}", "getCrl", http::Run::worker, [this](web::Context& c) {
    return crl(c.param("file"), condition_of(c.request));
  }, crl_ready);
  add("GET", "/crl/{ca}/{file}", "getCrlShard", http::Run::worker, [this](web::Context& c) {
    return crl_shard(c.param("ca"), c.param("file"), condition_of(c.request));
  }, shard_ready);
  add("GET", "/ca/{file}", "getCaCertificate", http::Run::inline_, [this](web::Context& c) {
    return ca_certificate(c.param("file"), condition_of(c.request));
  });
  add("GET", "/ca/{ca}/chain.pem", "getCaChain", http::Run::inline_, [this](web::Context& c) {
    return ca_chain(c.param("ca"), condition_of(c.request));
  });
  return routes;
}

}  // namespace certwright::gateway::pki
