// parse_ip_address() takes what the C library's inet_pton() takes, and gives the same octets; they are
// written as text that is read as the same address.
#include <algorithm>
#include <cstdlib>
#include <string>

#include <arpa/inet.h>

#include "x509/general_name.h"

namespace {

using namespace certwright;

// Empty: no address.
Bytes c_library_reads(const std::string& text) {
  const bool v6 = text.find(':') != std::string::npos;
  Bytes octets(v6 ? 16 : 4);
  if (::inet_pton(v6 ? AF_INET6 : AF_INET, text.c_str(), octets.data()) != 1) octets.clear();
  return octets;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(as_text({data, size}));
  const auto address = x509::parse_ip_address(text);
  if (text.find('\0') != std::string::npos) {
    if (address) std::abort();
    return 0;
  }
  if (address.value_or(Bytes()) != c_library_reads(text)) std::abort();
  if (!address) return 0;
  const auto again = x509::parse_ip_address(x509::ip_address_to_text(*address));
  if (!again || *again != *address) std::abort();
  return 0;
}
