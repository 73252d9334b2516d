#pragma once
// The names of an interception certificate. Private to this room.
#include <string>
#include <string_view>

#include "bytes/bytes.h"

namespace certwright::profile {

// `host` as it may stand in a certificate: an address, a host name in A-labels and lower case, or
// neither.
struct InterceptedHost {
  Bytes address;     // 4 or 16 octets; an IPv4-mapped IPv6 address is the IPv4 address
  std::string name;  // lower case, without trailing dot
  bool known() const noexcept { return !address.empty() || !name.empty(); }
};
InterceptedHost read_host(std::string_view host);

struct ChosenInterceptionNames {
  Bytes general_names;
  bool trimmed = false;
};
// From the content of an upstream's GeneralNames.
ChosenInterceptionNames choose_upstream_names(ByteView content, std::string_view host,
                                              std::size_t octets_max);

// The subject and the names for a host without upstream.
struct HostIdentity {
  Bytes subject_tlv;
  Bytes general_names;
};
HostIdentity identity_of_host(std::string_view host);

}  // namespace certwright::profile
