#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "bytes/bytes.h"
#include "der/oid.h"
#include "der/tag.h"

namespace certwright::x509 {

// Name (distinguished name), RFC 5280 section 4.1.2.4. Immutable; keeps the octets it was read
// from, so that it is written back byte for byte. Comparison is of octets (what path building by
// this CA needs), not the case-folding of RFC 5280 section 7.1. An empty name is allowed.
class Name {
 public:
  static constexpr std::size_t kMaxTlvOctets = 8192;
  static constexpr std::size_t kMaxAttributes = 64;

  // AttributeTypeAndValue. Views into the Name.
  struct Attribute {
    const der::Oid& type;
    der::Tag tag;  // of the string
    ByteView content;
    std::size_t rdn;  // index of the RelativeDistinguishedName it is in
    // As UTF-8.
    std::string text() const;
  };

  // For the simple names a person or a configuration file gives: one attribute per RDN, in the
  // order DC, C, ST, L, street, postal code, O, OU, CN, serialNumber, e-mail, UID. All UTF-8; an
  // empty string is left out.
  struct Fields {
    std::string country, state_or_province, locality, street_address, postal_code;
    std::string organization;
    std::vector<std::string> organizational_unit;
    std::string common_name, serial_number, email_address, user_id;
    std::vector<std::string> domain_component;  // most significant first: "com", "acme"
  };

  // Adds one RDN of one attribute a call, in the order of the calls. The string type follows
  // RFC 5280 appendix A: PrintableString for country and serialNumber, IA5String for
  // domainComponent and e-mail, UTF8String for the rest.
  class Builder {
   public:
    Builder& add(const der::Oid& type, std::string_view utf8);
    Builder& common_name(std::string_view utf8);
    Builder& organization(std::string_view utf8);
    Builder& organizational_unit(std::string_view utf8);
    Builder& country(std::string_view utf8);
    Builder& state_or_province(std::string_view utf8);
    Builder& locality(std::string_view utf8);
    Builder& street_address(std::string_view utf8);
    Builder& postal_code(std::string_view utf8);
    Builder& serial_number(std::string_view utf8);
    Builder& email_address(std::string_view utf8);
    Builder& domain_component(std::string_view utf8);
    Builder& user_id(std::string_view utf8);
    // Puts the next attribute into the same RDN as the last one.
    Builder& and_also();
    // Errors: invalid for an empty value, an upper bound of RFC 5280 appendix A.1 exceeded (64
    // characters of a commonName, 2 of a country, ...), characters the string type does not have,
    // or check_characters() refuses; `field` names the attribute. too_large over the limits above.
    Result<Name> build() const;

   private:
    struct Value {
      der::Oid type;
      std::string utf8;
      bool same_rdn;
    };
    std::vector<Value> values_;
    bool same_rdn_ = false;
  };

  Name();  // the empty name
  // Reads an RDNSequence. Lenient where the field is: no upper bounds, the order and number of
  // attributes are free, any string type of DirectoryString plus IA5String and NumericString,
  // PrintableString with any ASCII. Does not look at the characters: see check_characters().
  // Errors: bad_encoding, also for an RDN that is not in DER order; too_large over the limits
  // above.
  static Result<Name> parse(ByteView tlv);
  static Result<Name> from_fields(const Fields& fields);
  // RFC 4514 text; empty text is the empty name. Most specific RDN first (section 2.1), so that
  // "CN=Acme Root CA,O=Acme" has O first in DER, and to_text() gives it back. Types: CN, SN, GN,
  // serialNumber, C, L, ST, STREET, O, OU, title, postalCode, DC, UID, emailAddress (any case), or
  // dotted OIDs. A backslash escapes a special character or precedes two hex digits; spaces around
  // = , + are skipped; "#" and hex is refused. Upper bounds and characters as Builder::build().
  // Errors: bad_encoding for the text, invalid for a value.
  static Result<Name> from_text(std::string_view text);

  // RFC 4514, with the short names above. All values as text, also those of dotted types; control
  // characters as \xx, so that it is one line.
  std::string to_text() const;

  ByteView tlv() const noexcept { return tlv_; }
  bool empty() const noexcept { return entries_.empty(); }
  std::size_t size() const noexcept { return entries_.size(); }
  Attribute attribute(std::size_t index) const;
  // The values of all attributes of this type, as UTF-8, in order.
  std::vector<std::string> values(const der::Oid& type) const;
  std::vector<std::string> common_names() const;
  // Refuses controls, and what unicode::is_hidden() has, in any value. Errors: invalid, naming it.
  Result<void> check_characters() const;
  // The upper bounds that build() enforces, for names that came from elsewhere. Errors: invalid.
  Result<void> check_upper_bounds() const;

  friend bool operator==(const Name& a, const Name& b) noexcept { return a.tlv_ == b.tlv_; }

 private:
  struct Entry {
    der::Oid type;
    der::Tag tag;
    std::size_t offset, size, rdn;
  };
  Bytes tlv_;
  std::vector<Entry> entries_;
};

// The short name of RFC 4514 ("CN"), or the dotted text.
std::string attribute_type_name(const der::Oid& type);
// The other way, any case. Errors: bad_encoding, also for an unknown name.
Result<der::Oid> attribute_type_from_name(std::string_view name);

}  // namespace certwright::x509
