#include "notification/smtp_transport.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <fmt/format.h>

#include "notification/curl_handle.h"
#include "notification/webhook_url.h"

namespace certwright::notification {
namespace {

struct Upload {
  std::string_view left;
};

extern "C" {
static std::size_t certwright_notification_upload(char* buffer, std::size_t size, std::size_t count,
                                                  void* upload) noexcept {
  auto& left = static_cast<Upload*>(upload)->left;
  const std::size_t octets = std::min(size * count, left.size());
  std::memcpy(buffer, left.data(), octets);
  left.remove_prefix(octets);
  return octets;
}
}

// How the last command began: a refusal is about it.
struct Spoken {
  std::array<char, 5> begin{};
  bool is(std::string_view command) const { return std::string_view(begin.data(), begin.size()) == command; }
};

extern "C" {
static int certwright_notification_spoken(CURL*, curl_infotype kind, char* text, std::size_t octets,
                                          void* context) noexcept {
  auto& begin = static_cast<Spoken*>(context)->begin;
  if (kind != CURLINFO_HEADER_OUT || octets < begin.size() || std::memcmp(text, "QUIT", 4) == 0) return 0;
  std::memcpy(begin.data(), text, begin.size());
  return 0;
}
}

// The recipient, or this message; a refusal of anything else may be a mistake of the operators.
Errc meaning_of(long reply, const Spoken& last) {
  const bool for_good = reply >= 500 && reply <= 599;
  if (for_good && last.is("RCPT ")) return Errc::gone;
  if (for_good && last.is("DATA\r")) return Errc::policy;
  return Errc::unavailable;
}

// A host that is nothing but a host inside of a URL: the parser of webhooks knows what that is.
Result<std::string> host_in_url(const std::string& host) {
  const bool v6 = host.find(':') != std::string::npos;
  const auto url = WebhookUrl::parse("https://" + (v6 ? "[" + host + "]" : host) + "/");
  if (!url || url->port() != 443 || url->target() != "/")
    return fail_field(Errc::invalid, "smtp.host", "expected a DNS name or an IP address");
  return v6 ? "[" + url->host() + "]" : url->host();
}

}  // namespace

Result<std::unique_ptr<SmtpTransport>> SmtpTransport::create(SmtpOptions options) {
  CERTWRIGHT_TRY(options.host, host_in_url(options.host));
  if (!options.helo.empty()) CERTWRIGHT_CHECK(MailAddress::parse("x@" + options.helo));
  if (options.security == SmtpSecurity::none && !options.user.empty())
    return fail_field(Errc::invalid, "smtp.user", "a password is not sent without TLS: set smtp.security to starttls or tls");
  return std::unique_ptr<SmtpTransport>(new SmtpTransport(std::move(options)));
}

Result<void> SmtpTransport::send(const MailMessage& message, const Stop& stop) {
  Spoken spoken;  // outlives the handle, which may speak to its end
  CurlHandle curl;
  if (!curl.is_ready()) return fail(Errc::unavailable, "libcurl cannot be set up");
  const std::string mail = compose(message);
  Upload upload{mail};
  const bool implicit = options_.security == SmtpSecurity::tls;
  const std::string url =
      fmt::format("{}://{}:{}/{}", implicit ? "smtps" : "smtp", options_.host, options_.port,
                  options_.helo.empty() ? std::string(message.from.address.domain()) : options_.helo);
  const std::string from = "<" + message.from.address.text() + ">";
  CurlList recipients;
  bool listed = recipients.add("<" + message.to.address.text() + ">");
  curl.set_common(stop, static_cast<long>(options_.connect_timeout.count()),
                  static_cast<long>(options_.timeout.count()), options_.ca_file);
  curl.set(CURLOPT_URL, url.c_str());
  curl.set(CURLOPT_PROTOCOLS_STR, implicit ? "smtps" : "smtp");
  curl.set(CURLOPT_USE_SSL, static_cast<long>(options_.security == SmtpSecurity::none ? CURLUSESSL_NONE : CURLUSESSL_ALL));
  std::string password(as_text(options_.password.reveal()));
  if (!options_.user.empty()) {
    curl.set(CURLOPT_USERNAME, options_.user.c_str());
    curl.set(CURLOPT_PASSWORD, password.c_str());
  }
  wipe(password);  // libcurl has a copy
  curl.set(CURLOPT_MAIL_FROM, from.c_str());
  curl.set(CURLOPT_MAIL_RCPT, recipients.get());
  curl.set(CURLOPT_UPLOAD, 1L);
  curl.set(CURLOPT_READFUNCTION, certwright_notification_upload);
  curl.set(CURLOPT_READDATA, &upload);
  curl.set(CURLOPT_VERBOSE, 1L);
  curl.set(CURLOPT_DEBUGFUNCTION, certwright_notification_spoken);
  curl.set(CURLOPT_DEBUGDATA, &spoken);
  if (!listed || !curl.ok()) return fail(Errc::internal, "libcurl does not take an option for SMTP");
  const CURLcode code = curl_easy_perform(curl.get());
  if (code == CURLE_OK) return {};
  long reply = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &reply);
  return fail(meaning_of(reply, spoken),
              fmt::format("{}:{} did not take the message: {}{}", options_.host, options_.port, curl.problem(code),
                          reply == 0 ? "" : fmt::format(" (reply {})", reply)));
}

}  // namespace certwright::notification
