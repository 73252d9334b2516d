#include "gateway/web/problem.h"

#include <string>

#include <fmt/format.h>

#include "json/writer.h"

namespace certwright::gateway::web {
namespace {

// How long a client that was told nothing more precise should wait.
constexpr unsigned kRetryAfterTooMany_s = 5;
constexpr unsigned kRetryAfterUnavailable_s = 2;

std::string problem_body(int status, std::string_view detail, std::string_view field) {
  json::Writer writer;
  writer.begin_object()
      .member("type", "about:blank")
      .member("title", http::reason_phrase(status))
      .member("status", status)
      .member("detail", detail);
  if (!field.empty()) writer.member("field", field);
  writer.end_object();
  return std::move(writer).take() + "\n";
}

// The existing service leaves `error` empty and puts the text into `message`; so do we.
std::string certs_service_body(std::string_view message) {
  json::Writer writer;
  writer.begin_object().member("error", "").member("message", message).end_object();
  return std::move(writer).take() + "\n";
}

std::string portal_body(std::string_view message, std::string_view field) {
  json::Writer writer;
  writer.begin_object().member("success", false).member("message", message);
  if (!field.empty()) writer.member("field", field);
  writer.end_object();
  return std::move(writer).take() + "\n";
}

http::Response body_of(ErrorForm form, int status, std::string_view detail, std::string_view field) {
  switch (form) {
    case ErrorForm::problem:
    case ErrorForm::page:  // where nobody makes pages
      return http::respond(status, "application/problem+json", problem_body(status, detail, field));
    case ErrorForm::certs_service:
      return http::respond(status, "application/json", certs_service_body(detail));
    case ErrorForm::portal:
      return http::respond(status, "application/json", portal_body(detail, field));
  }
  return {};
}

http::Response with_body(ErrorForm form, int status, std::string_view detail,
                         std::string_view field) {
  auto response = body_of(form, status, detail, field);
  response.headers.set("Cache-Control", "no-store");
  return response;
}

// "ttl: must be positive", unless the detail names its field itself.
std::string with_field(const Error& error) {
  if (error.field.empty() || error.detail.find(error.field) != std::string::npos)
    return error.detail;
  return fmt::format("{}: {}", error.field, error.detail);
}

}  // namespace

int status_of(Errc code) noexcept {
  switch (code) {
    case Errc::bad_encoding:
      return 400;
    case Errc::invalid:
      return 422;
    case Errc::policy:
      return 422;
    case Errc::unauthenticated:
      return 401;
    case Errc::not_permitted:
      return 403;
    case Errc::not_found:
      return 404;
    case Errc::conflict:
      return 409;
    case Errc::gone:
      return 410;
    case Errc::too_large:
      return 413;
    case Errc::too_many_requests:
      return 429;
    case Errc::unavailable:
      return 503;
    case Errc::internal:
      return 500;
    case Errc::approval_required:
      return 409;
  }
  return 500;
}

std::string shown_detail(const Error& error, std::string_view request_id) {
  if (status_of(error.code) != 500) return with_field(error);
  if (request_id.empty()) return "internal error";
  return fmt::format("internal error; the server's log has more under request {}", request_id);
}

unsigned default_retry_after_s(int status) noexcept {
  if (status == 429) return kRetryAfterTooMany_s;
  return status == 503 ? kRetryAfterUnavailable_s : 0;
}

http::Response error_response(ErrorForm form, const Error& error, std::string_view request_id,
                              unsigned retry_after_s) {
  const int status = status_of(error.code);
  const std::string detail = shown_detail(error, request_id);
  auto response = with_body(form, status, detail, status == 500 ? std::string_view() : error.field);
  if (status == 401) {
    response.headers.set("WWW-Authenticate", "Bearer realm=\"certwright\"");
  } else if (status == 429 || status == 503) {
    if (retry_after_s == 0) retry_after_s = default_retry_after_s(status);
    response.headers.set("Retry-After", std::to_string(retry_after_s));
  }
  return response;
}

http::Response error_response(ErrorForm form, int status, std::string_view message) {
  return with_body(form, status, message, {});
}

http::Response server_error_response(int status, std::string_view message) {
  json::Writer writer;
  writer.begin_object()
      .member("type", "about:blank")
      .member("title", http::reason_phrase(status))
      .member("status", status)
      .member("detail", message)
      .member("error", "")
      .member("message", message)
      .end_object();
  auto response =
      http::respond(status, "application/problem+json", std::move(writer).take() + "\n");
  response.headers.set("Cache-Control", "no-store");
  if (status == 429 || status == 503)
    response.headers.set("Retry-After", std::to_string(kRetryAfterUnavailable_s));
  return response;
}

}  // namespace certwright::gateway::web
