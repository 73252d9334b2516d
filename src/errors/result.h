#pragma once
// The one error vocabulary. Input errors, policy and outages are values; a broken invariant aborts.
// Gateways turn an Errc into their protocol's own error form (gateway/web/problem.h for HTTP).
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

namespace certwright {

enum class Errc : std::uint8_t {
  bad_encoding,       // the bytes are not what the standard says; never retry
  invalid,            // well formed, but a value cannot be accepted
  policy,             // well formed and valid, but the profile or the CA's policy says no
  unauthenticated,    // no credential, or one that is not known
  not_permitted,      // known, but this object is not theirs to act on
  not_found,          // also what a stranger is told of an object that is not theirs
  conflict,           // the state of the object does not allow it, e.g. already revoked
  gone,               // it existed and cannot be had again, e.g. a grant that was used
  too_large,          // a size or count is over its limit
  too_many_requests,  // try again later, more slowly
  unavailable,        // token, disk or network is away; a retry may help
  internal,           // our bug; detail goes to the log, never to the requester
  approval_required,  // it may be had, once somebody has approved it
};

// The stable name of a code, as it appears in JSON and logs: "bad_encoding", ...
constexpr std::string_view name_of(Errc code) noexcept {
  constexpr std::string_view kNames[] = {
      "bad_encoding", "invalid",  "policy", "unauthenticated", "not_permitted",     "not_found",
      "conflict",     "gone",     "too_large", "too_many_requests", "unavailable", "internal", "approval_required"};
  return kNames[static_cast<std::size_t>(code)];
}

struct Error {
  Errc code;
  std::string detail;  // one sentence for a person; never a secret, never a stack trace
  std::string field;   // the input it is about, e.g. "ip_addresses[2]"; empty if none

  friend bool operator==(const Error&, const Error&) = default;
};

template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
  Result(tl::expected<T, Error> base)  // from map(), and_then()
      : tl::expected<T, Error>(std::move(base)) {}
};

inline tl::unexpected<Error> fail(Errc code, std::string detail) {
  return tl::unexpected<Error>(Error{code, std::move(detail), {}});
}

inline tl::unexpected<Error> fail_field(Errc code, std::string field, std::string detail) {
  return tl::unexpected<Error>(Error{code, std::move(detail), std::move(field)});
}

}  // namespace certwright

#define CERTWRIGHT_CONCAT2(a, b) a##b
#define CERTWRIGHT_CONCAT(a, b) CERTWRIGHT_CONCAT2(a, b)

// CERTWRIGHT_TRY(auto x, f());  declares x from f()'s value, or returns f()'s error.
#define CERTWRIGHT_TRY(decl, ...)                                                             \
  auto CERTWRIGHT_CONCAT(try_, __LINE__) = (__VA_ARGS__);                                     \
  if (!CERTWRIGHT_CONCAT(try_, __LINE__))                                                     \
    return tl::unexpected<::certwright::Error>(                                               \
        std::move(CERTWRIGHT_CONCAT(try_, __LINE__)).error());                                \
  decl = *std::move(CERTWRIGHT_CONCAT(try_, __LINE__))

// CERTWRIGHT_CHECK(f());  returns f()'s error; f's value, if any, is dropped.
#define CERTWRIGHT_CHECK(...)                                                                 \
  do {                                                                                        \
    if (auto check_result_ = (__VA_ARGS__); !check_result_)                                   \
      return tl::unexpected<::certwright::Error>(std::move(check_result_).error());           \
  } while (false)
