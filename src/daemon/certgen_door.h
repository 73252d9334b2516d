#pragma once
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "daemon/configuration.h"
#include "daemon/installation.h"
#include "daemon/interception.h"
#include "gateway/certgen/door.h"
#include "gateway/certgen/door_metrics.h"

namespace certwright::daemon {

// The UDP certificate generator of a server: its sockets, its door, and what stands behind it.
class CertgenDoor {
 public:
  // What can be said without opening anything. Errors: invalid for prefixes and words that are none;
  // policy for an address beyond loopback without a list of peers.
  static Result<void> check(const Configuration& configuration);

  // Binds, or takes over `inherited` sockets; answers nothing before start(). A CA that cannot be used is
  // no error: the port is open, for clients never recover from a closed one, nothing is issued, the log,
  // the metrics and `certwright doctor` say so, and each refresh() tries again.
  // `installation` must be loaded and outlive this, and its metrics must not be scraped afterwards.
  // Errors: check()'s; the sockets'.
  static Result<std::unique_ptr<CertgenDoor>> open(Installation& installation, const Configuration& configuration,
                                                   const std::vector<int>& inherited);

  void start() { door_->start(); }
  // When it returns, nobody is answered any more, and the records of what was issued are on the disk.
  // Errors: aggregate::Log::settle()'s, for the log; it has stopped.
  Result<void> stop();
  // Takes over changes of CA, profile and policy. To be called every second or so.
  Result<void> refresh() { return interception_->refresh(); }

  std::string endpoint() const { return door_->endpoint(); }
  const std::vector<gateway::certgen::UdpSocket>& sockets() const noexcept { return door_->sockets(); }
  // For `certwright doctor`: names begin with "certgen_".
  std::vector<std::pair<std::string, std::string>> facts() const;

 private:
  explicit CertgenDoor(metrics::Registry& registry) : metrics_(registry) {}
  std::unique_ptr<Interception> interception_;
  gateway::certgen::DoorMetrics metrics_;
  std::unique_ptr<gateway::certgen::Door> door_;
};

// The options of the door that the configuration sets. Errors: invalid.
Result<gateway::certgen::DoorOptions> door_options(const Configuration& configuration);

}  // namespace certwright::daemon
