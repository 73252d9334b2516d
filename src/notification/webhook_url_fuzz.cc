// What is accepted reads back the same, and its host is a plain name or an address that the policy can
// judge: no octet of it can mean something else to the library that connects.
#include <cstdlib>

#include "bytes/bytes.h"
#include "notification/webhook_url.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace certwright;
  using namespace certwright::notification;
  const auto text = as_text(ByteView(data, size));
  if (const auto url = WebhookUrl::parse(text)) {
    const auto again = WebhookUrl::parse(url->text());
    if (!again || again->text() != url->text() || again->host() != url->host() || again->port() != url->port())
      std::abort();
    if (url->host().find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-.:") != std::string::npos) std::abort();
    if (url->address() && url->address()->text() != url->host()) std::abort();
    if (url->address()) static_cast<void>(AddressPolicy().check(*url->address()));
  }
  if (const auto address = IpAddress::parse(text)) {
    const auto again = IpAddress::parse(address->text());
    if (!again || !(*again == *address)) std::abort();
  }
  if (const auto network = Network::parse(text))
    if (!network->contains(network->address)) std::abort();
  return 0;
}
