#pragma once
// Internal to http: the request target, RFC 9112 section 3.2 and RFC 3986.
#include <optional>
#include <string_view>

#include "http/message.h"

namespace certwright::http {

inline constexpr int kBadRequest = 400;
inline constexpr int kUriTooLong = 414;

// A refusal: the status to answer before closing, and why, in words that quote nothing.
struct Refusal {
  int status;
  std::string_view message;
};
using MaybeRefusal = std::optional<Refusal>;

// Fills in raw_path, segments, raw_query and query from `method` and `target`: origin-form,
// absolute-form, and asterisk-form for OPTIONS. The target holds visible ASCII only and is not
// empty.
MaybeRefusal read_target(RequestHead& head);

// Only characters of uri-host [":" port]; also true if empty.
bool is_host(std::string_view text) noexcept;

}  // namespace certwright::http
