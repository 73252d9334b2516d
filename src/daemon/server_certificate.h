#pragma once
#include <optional>
#include <string>
#include <vector>

#include "daemon/configuration.h"
#include "daemon/installation.h"
#include "http/server.h"
#include "x509/serial_number.h"

namespace certwright::daemon {

// The TLS certificate of this server, from its own CA. It is kept, sealed, over restarts, and made
// anew when a third of its life is left, when it is revoked, or when other names are asked for.
class ServerCertificate {
 public:
  ServerCertificate(Installation& installation, const Configuration& configuration);

  // Errors: unavailable if no CA here can issue a TLS certificate now.
  Result<http::TlsIdentity> current();
  // True if current() would make a new one.
  bool is_due() const;

 private:
  struct Kept;
  Result<Kept> load() const;
  Result<Kept> make();
  void use(const Kept& kept);

  Installation& in_;
  std::vector<std::string> dns_names_, ip_addresses_;
  Time renew_at_{};
  std::optional<x509::SerialNumber> serial_;  // of the one in use
};

}  // namespace certwright::daemon
