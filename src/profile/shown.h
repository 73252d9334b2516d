#pragma once
#include <string>
#include <string_view>

namespace certwright::profile {

// A requester's text for an error message: in quotes, on one line, at most 100 octets of it and then
// "...". Octets that are no printable ASCII become "\xNN", so that no terminal and no log is fooled.
std::string shown(std::string_view text);

}  // namespace certwright::profile
