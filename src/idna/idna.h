#pragma once
#include <string>
#include <string_view>

#include "errors/result.h"

namespace certwright::idna {

// A host name of at most 255 octets of UTF-8 as A-labels: lower case, Punycode where a label is not
// ASCII. ASCII names are only put in lower case, so that `_` and `*` stay. Does not say that the
// result is a valid host name. Any thread.
// Errors: invalid for what is not UTF-8, too long, or no IDNA label.
Result<std::string> to_ascii(std::string_view host);

}  // namespace certwright::idna
