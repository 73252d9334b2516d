#pragma once
// Errc -> HTTP: the one table of status codes, and the forms of an error body.
#include <cstdint>
#include <string>
#include <string_view>

#include "errors/result.h"
#include "http/message.h"

namespace certwright::gateway::web {

enum class ErrorForm : std::uint8_t {
  problem,  // RFC 9457: {"type","title","status","detail"[,"field"]}, application/problem+json
  certs_service,  // {"error":"","message":"..."} and a newline, application/json
  portal,  // {"success":false,"message":"..."[,"field"]} and a newline, application/json
  page,  // for people: WebOptions::error_page; a problem where there is none
};

// bad_encoding 400, invalid 422, policy 422, unauthenticated 401, not_permitted 403, not_found 404,
// conflict 409, gone 410, too_large 413, too_many_requests 429, unavailable 503, internal 500, approval_required 409.
int status_of(Errc code) noexcept;

// The answer to `error`. 401 carries WWW-Authenticate: Bearer; 429 and 503 carry Retry-After. The
// detail of `internal` is not shown: the requester gets `request_id` (may be empty) to quote, and
// whoever calls this logs the detail under it.
http::Response error_response(ErrorForm form, const Error& error, std::string_view request_id = {},
                              unsigned retry_after_s = 0);

// What a requester is told: the detail, led by its field where it does not name it itself; of `internal`
// only `request_id`.
std::string shown_detail(const Error& error, std::string_view request_id);
// How long one should wait that was told nothing more precise; 0 for a status that is not about waiting.
unsigned default_retry_after_s(int status) noexcept;

// For answers that have no Errc: 405, 406, 415.
http::Response error_response(ErrorForm form, int status, std::string_view message);

// For http::ServerOptions::error_response, where the route is not known: a problem document that
// has the members of the certs service's form too.
http::Response server_error_response(int status, std::string_view message);

}  // namespace certwright::gateway::web
