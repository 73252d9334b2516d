#pragma once
#include <chrono>
#include <string>

#include "bytes/secret_bytes.h"
#include "notification/transport.h"

namespace certwright::notification {

enum class SmtpSecurity : std::uint8_t {
  starttls,  // required: no STARTTLS, no mail
  tls,       // from the first octet ("smtps", port 465)
  none,      // in clear; the password is then not sent
};

struct SmtpOptions {
  std::string host;  // DNS name or IP address
  std::uint16_t port = 587;
  SmtpSecurity security = SmtpSecurity::starttls;
  std::string user;       // empty: no authentication
  SecretBytes password;
  std::string ca_file;    // PEM; empty: the system's anchors
  std::string helo;       // what this host calls itself; empty: the domain of the sender
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds timeout{30'000};  // of the whole exchange
};

// Submission over SMTP (RFC 5321, 6409). Safe to call from any thread; each message has a connection of
// its own. The server is the operator's choice, so no address is refused.
class SmtpTransport final : public MailTransport {
 public:
  // Errors: invalid for a host that is no name or address, or a password without TLS.
  static Result<std::unique_ptr<SmtpTransport>> create(SmtpOptions options);
  Result<void> send(const MailMessage& message, const Stop& stop) override;

 private:
  explicit SmtpTransport(SmtpOptions options) : options_(std::move(options)) {}
  const SmtpOptions options_;
};

}  // namespace certwright::notification
