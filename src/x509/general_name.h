#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bytes/bytes.h"
#include "der/oid.h"
#include "der/reader.h"
#include "der/writer.h"
#include "x509/name.h"

namespace certwright::x509 {

// GeneralName, RFC 5280 section 4.2.1.6. A value; the kinds are the CHOICE's tag numbers.
class GeneralName {
 public:
  enum class Kind : std::uint8_t {  // stored
    other_name = 0,
    email = 1,  // rfc822Name
    dns = 2,
    x400_address = 3,
    directory_name = 4,
    edi_party_name = 5,
    uri = 6,
    ip = 7,
    registered_id = 8,
  };

  // The makers check what they are given. Errors: invalid.
  // A host name: LDH labels, one left-most "*" and underscores allowed. Kept as written.
  static Result<GeneralName> dns(std::string_view name);
  static Result<GeneralName> email(std::string_view address);
  static Result<GeneralName> uri(std::string_view uri);
  // IPv4 or IPv6 text.
  static Result<GeneralName> ip(std::string_view text);
  // 4 or 16 octets.
  static Result<GeneralName> ip_octets(ByteView address);
  static GeneralName directory_name(const Name& name);
  static GeneralName registered_id(const der::Oid& oid);
  // For name constraints (RFC 5280 section 4.2.1.10): "example.com" or ".example.com"; a mailbox,
  // host or ".domain"; "10.0.0.0/8" or "2001:db8::/32".
  static Result<GeneralName> dns_constraint(std::string_view suffix);
  static Result<GeneralName> email_constraint(std::string_view text);
  static Result<GeneralName> ip_constraint(std::string_view cidr);

  // Reads one from `reader`. Strict about encoding, lenient about content: IA5String is ASCII,
  // iPAddress 4, 16, 8 or 32 octets, directoryName a Name; whether a name is a good one is check().
  // Errors: bad_encoding, too_large.
  static Result<GeneralName> parse(der::Reader& reader);
  void write(der::Writer& writer) const;

  Kind kind() const noexcept { return kind_; }
  // The text of dns, email and uri; valid as long as *this. Empty for the other kinds.
  std::string_view text() const noexcept;
  // What the implicit tag carries: text octets, address, OID content; the Name's TLV for
  // directory_name; the fields of other_name, x400_address and edi_party_name.
  ByteView octets() const noexcept { return octets_; }
  // Errors: conflict unless kind() is directory_name.
  Result<Name> name() const;
  // For people and search: "DNS:a.example", "IP:10.0.0.1", "IP:10.0.0.0/8", "email:...", "URI:...",
  // "dirName:CN=...", "RID:1.2.3", "otherName:<hex>". One line; control characters are escaped.
  std::string to_text() const;
  // The rules of the makers applied to a name that was parsed (for subjectAltName, not for
  // constraints): also refuses NUL, control characters, dNSName that looks like an address, and
  // kinds without rules (other_name, x400_address, edi_party_name). Errors: invalid.
  Result<void> check() const;

  friend bool operator==(const GeneralName&, const GeneralName&) = default;

 private:
  GeneralName(Kind kind, Bytes octets) : kind_(kind), octets_(std::move(octets)) {}
  Kind kind_;
  Bytes octets_;
};

// SEQUENCE SIZE (1..MAX) OF GeneralName. Errors: bad_encoding; too_large above kMaxGeneralNames.
inline constexpr std::size_t kMaxGeneralNames = 1024;
Result<std::vector<GeneralName>> parse_general_names(ByteView tlv);
// The same from inside the SEQUENCE, where a context tag took the SEQUENCE's place.
Result<std::vector<GeneralName>> parse_general_names_content(der::Reader list);

// Strict text of an IPv4 (four decimal numbers, no leading zeros) or IPv6 address (RFC 4291 section
// 2.2, also with a dotted tail; no zone, no brackets) as 4 or 16 octets. Errors: bad_encoding.
Result<Bytes> parse_ip_address(std::string_view text);
// RFC 5952 for IPv6; hex for another length than 4 and 16.
std::string ip_address_to_text(ByteView address);

enum class Wildcard : std::uint8_t { refused, allowed };
enum class Underscore : std::uint8_t { refused, allowed };
// A host name as RFC 5280 section 4.2.1.6 and RFC 1123 section 2.1 have it: labels of letters,
// digits and inner hyphens, 1 to 63 octets, 253 in all, no trailing dot, ASCII (A-labels for IDNA),
// and a last label that is not all digits and not 0x hex, so that nothing that looks like an
// address passes. A wildcard is the whole left-most label and at least two labels follow it (no
// client matches "*.lan"). One label alone is a host name. "xn--" must be followed by something;
// the Punycode in it is not decoded, and other labels with "--" in that place pass, as hosts have
// them.
bool valid_dns_name(std::string_view name, Wildcard wildcard, Underscore underscore) noexcept;
// local@domain: RFC 5321 Dot-string and a host name; 64 and 254 octets. No quoted local part, no
// address literal.
bool valid_email_address(std::string_view address) noexcept;
// scheme ":" and a hierarchical part with a host for http and https, else at least one character;
// RFC 3986 characters only; at most 2048 octets.
bool valid_absolute_uri(std::string_view uri) noexcept;

}  // namespace certwright::x509
