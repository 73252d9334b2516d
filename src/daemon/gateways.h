#pragma once
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "daemon/configuration.h"
#include "daemon/installation.h"
#include "daemon/notices.h"
#include "http/server.h"

namespace certwright::daemon {

// The front doors, mounted on one handler for both listeners.
class Gateways {
 public:
  // All must outlive this.
  Gateways(Installation& installation, const Configuration& configuration, Notices& notices);
  ~Gateways();

  // The handler lives as long as this. Errors: invalid for a trusted proxy that is no address.
  Result<http::Handler*> open();
  // More for `certwright doctor`; called with every question, until this is destroyed. Before open().
  using Facts = std::vector<std::pair<std::string, std::string>>;
  void add_facts(std::function<Facts()> facts);
  // Connection metrics; `server` must outlive the last scrape.
  void count_connections(const http::Server& server);

 private:
  struct Doors;
  std::unique_ptr<Doors> doors_;
};

}  // namespace certwright::daemon
