// Whose address a request comes from, whatever X-Forwarded-For says: the peer's own unless that is a
// listed proxy, and then an address, which is a listed proxy's only if every address behind it in the
// list is one too. Input: the peer's address, a line feed, and a field's value in each further line.
#include <algorithm>
#include <cstdlib>
#include <string>

#include "gateway/web/client_address.h"
#include "gateway/web/testing_request.h"
#include "x509/general_name.h"

namespace {

using namespace certwright;

void must(bool holds) {
  if (!holds) std::abort();
}

// Of this target's proxies, 10.0.0.0/8 and 2001:db8::1.
bool is_proxy(std::string_view address) {
  const auto octets = x509::parse_ip_address(address);
  if (!octets) return false;
  return octets->size() == 4 ? octets->front() == 10 : *octets == x509::parse_ip_address("2001:db8::1").value();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto proxies = gateway::web::TrustedProxies::parse({"10.0.0.0/8", "2001:db8::1"}).value();
  std::string_view rest = as_text({data, size});
  const auto line = [&] {
    const std::string_view text = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(text.size() + 1, rest.size()));
    return std::string(text);
  };
  http::RequestHead head;
  const std::string peer = line();
  head.peer = gateway::web::testing::tls_peer(peer);
  std::string list;
  while (!rest.empty()) {
    const std::string value = line();
    head.headers.add("X-Forwarded-For", value);
    list += "," + value;
  }
  const std::string client = proxies.client_of(head);
  must(!gateway::web::rate_key(client).empty() || client.empty());
  if (!is_proxy(peer)) {
    must(client == peer);
    return 0;
  }
  must(x509::parse_ip_address(client).has_value());
  if (client == peer) return 0;
  const auto at = list.rfind(client);
  must(at != std::string::npos);
  // Further to the right there are only proxies.
  for (std::size_t end = list.size(), comma; (comma = list.rfind(',', end - 1)) != std::string::npos && comma > at; end = comma) {
    std::string hop = list.substr(comma + 1, end - comma - 1);
    hop.erase(0, hop.find_first_not_of(" \t"));
    hop.erase(hop.find_last_not_of(" \t") + 1);
    must(is_proxy(hop));
  }
  return 0;
}
