#pragma once
// Where the parts of a URI are (RFC 3986 section 3), for rules that must not take one part for another.
#include <cstddef>
#include <string_view>

namespace certwright::profile {

// Offsets into the text of an absolute URI; its size for a part that is not there.
struct UriParts {
  std::size_t path;      // behind the authority; without one, behind "scheme:"
  std::size_t query;     // of its '?'
  std::size_t fragment;  // of its '#'
};

// Checks nothing; of a text without a scheme all is path.
UriParts uri_parts(std::string_view uri) noexcept;

// Has its path a segment "." or "..", also where dots or slashes are escaped ("%2e%2E", "..%2f")? Such a URI
// is another one for whoever resolves it (RFC 3986 section 5.2.4) than for whoever compares text.
bool has_dot_segment(std::string_view uri);

}  // namespace certwright::profile
