#pragma once
// Which names a profile lets a certificate carry: NameRule at work.
#include <string_view>

#include "bytes/bytes.h"
#include "errors/result.h"
#include "profile/profile.h"
#include "x509/general_name.h"

namespace certwright::profile {

// Is `name` of a type that the profile permits, well formed for its type (stricter than x509: no
// underscore in a host name), a URI without dot segments where the type has patterns, a wildcard only where wildcards are allowed, and let through by the
// type's patterns? Errors: invalid for the form, policy for the rest; the detail names rule and
// name, the field is empty.
Result<void> check_name(const Profile& profile, const x509::GeneralName& name);

// May a request have so many names? To be asked before anything is done for each of them. Errors: policy, field
// "names".
Result<void> check_name_count(const Profile& profile, std::size_t names);

// Does `pattern` match the whole of `text`? `*` stands for one or more characters, ASCII case does
// not count. For host names: a `*` in `text` is a wildcard label; only a pattern's `*` matches it,
// and then the pattern matches every host the wildcard stands for.
bool pattern_matches(std::string_view pattern, std::string_view text);

// Does `pattern` match `text`, or one of the hosts that a wildcard "*.base" in `text` stands for?
// What a deny pattern must ask, or "*.example.com" would be a way around "secret.example.com".
bool pattern_meets(std::string_view pattern, std::string_view host);

// Is an address of 4 or 16 octets in the prefix? The prefix is text: "10.0.0.0/8", or an address
// alone. An IPv4-mapped IPv6 address (RFC 4291 section 2.5.5.2) counts as the IPv4 address too.
bool prefix_matches(std::string_view prefix, ByteView address);

// Does the type's pattern let the name through? For addresses a prefix. For URIs part by part: scheme and
// authority in any case, where a `*` takes none of / ? # @ : %, the rest as written, where it takes neither the
// '?' of the query nor the '#' of the fragment ("*" alone: every URI); none with a segment "." or ".."
// (has_dot_segment()). Else pattern_matches(). Kinds without patterns are matched by none.
bool name_matches(std::string_view pattern, const x509::GeneralName& name);

// Can the pattern be used in the rule of names of `kind`? Errors: invalid, saying why not.
Result<void> check_pattern(x509::GeneralName::Kind kind, std::string_view pattern);

}  // namespace certwright::profile
