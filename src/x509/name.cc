#include "x509/name.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "der/primitive.h"
#include "der/reader.h"
#include "der/writer.h"
#include "unicode/hidden.h"
#include "x509/oids.h"

namespace certwright::x509 {
namespace {

struct AttributeTypeRow {
  std::string_view short_name;  // RFC 4514, RFC 4519
  std::string_view field;       // for errors
  der::Oid oid;
  der::Tag string_type;
  std::size_t upper_bound;  // characters, RFC 5280 appendix A.1, or X.520 where it has none
};

constexpr std::array<AttributeTypeRow, 15> kAttributeTypes = {{
    {"CN", "common_name", oids::kCommonName, der::Tag::utf8_string, 64},
    {"SN", "surname", oids::kSurname, der::Tag::utf8_string, 64},
    {"GN", "given_name", oids::kGivenName, der::Tag::utf8_string, 64},
    {"serialNumber", "serial_number", oids::kSerialNumber, der::Tag::printable_string, 64},
    {"C", "country", oids::kCountryName, der::Tag::printable_string, 2},
    {"L", "locality", oids::kLocalityName, der::Tag::utf8_string, 128},
    {"ST", "state_or_province", oids::kStateOrProvinceName, der::Tag::utf8_string, 128},
    {"STREET", "street_address", oids::kStreetAddress, der::Tag::utf8_string, 128},
    {"O", "organization", oids::kOrganizationName, der::Tag::utf8_string, 64},
    {"OU", "organizational_unit", oids::kOrganizationalUnitName, der::Tag::utf8_string, 64},
    {"title", "title", oids::kTitle, der::Tag::utf8_string, 64},
    {"postalCode", "postal_code", oids::kPostalCode, der::Tag::utf8_string, 40},
    {"DC", "domain_component", oids::kDomainComponent, der::Tag::ia5_string, 63},
    {"UID", "user_id", oids::kUserId, der::Tag::utf8_string, 256},
    {"emailAddress", "email_address", oids::kEmailAddress, der::Tag::ia5_string, 255},
}};
constexpr std::size_t kOtherUpperBound = 256;  // ours, for attribute types without a row

const AttributeTypeRow* attribute_row(const der::Oid& type) noexcept {
  const auto row = std::ranges::find(kAttributeTypes, type, &AttributeTypeRow::oid);
  return row == kAttributeTypes.end() ? nullptr : &*row;
}

std::string attribute_field(const der::Oid& type) {
  const AttributeTypeRow* const row = attribute_row(type);
  return row != nullptr ? std::string(row->field) : type.to_text();
}

char ascii_lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return std::ranges::equal(a, b, {}, ascii_lower, ascii_lower);
}

std::size_t count_characters(std::string_view utf8) noexcept {
  return static_cast<std::size_t>(
      std::ranges::count_if(utf8, [](char c) { return (c & 0xc0) != 0x80; }));
}

// C0, DEL, and C1, which UTF-8 writes as c2 80 to c2 9f.
bool has_control_character(std::string_view utf8) noexcept {
  const ByteView in = as_bytes(utf8);
  for (std::size_t i = 0; i < in.size(); ++i) {
    if (in[i] < 0x20 || in[i] == 0x7f) return true;
    if (in[i] == 0xc2 && i + 1 < in.size() && in[i + 1] < 0xa0) return true;
  }
  return false;
}

// What a reader of the name sees must be what it says.
Result<void> check_visible(const der::Oid& type, std::string_view utf8) {
  if (has_control_character(utf8))
    return fail_field(Errc::invalid, attribute_field(type), "control characters are not allowed");
  if (const auto hidden = unicode::find_hidden(utf8))
    return fail_field(Errc::invalid, attribute_field(type),
                      unicode::name_of(*hidden) + " is not allowed: it is not seen, or turns the direction of writing");
  return {};
}

Result<void> check_upper_bound(const der::Oid& type, std::string_view utf8) {
  const AttributeTypeRow* const row = attribute_row(type);
  const std::size_t bound = row != nullptr ? row->upper_bound : kOtherUpperBound;
  if (utf8.empty()) return fail_field(Errc::invalid, attribute_field(type), "empty");
  if (count_characters(utf8) > bound)
    return fail_field(Errc::invalid, attribute_field(type),
                      fmt::format("longer than {} characters", bound));
  return {};
}

Result<void> check_value(const der::Oid& type, std::string_view utf8) {
  CERTWRIGHT_CHECK(check_upper_bound(type, utf8));
  const auto refuse = [&](std::string_view why) {
    return fail_field(Errc::invalid, attribute_field(type), std::string(why));
  };
  if (!der::is_valid_utf8(utf8)) return refuse("not valid UTF-8");
  CERTWRIGHT_CHECK(check_visible(type, utf8));
  const AttributeTypeRow* const row = attribute_row(type);
  if (row == nullptr) return {};
  if (row->string_type == der::Tag::printable_string && !der::is_printable_string(utf8))
    return refuse("a character that PrintableString does not have");
  if (row->string_type == der::Tag::ia5_string &&
      !der::check_string(row->string_type, as_bytes(utf8)))
    return refuse("only ASCII is allowed");
  if (type == oids::kCountryName && (utf8.size() != 2 || !std::ranges::all_of(utf8, [](char c) {
                                       return ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z';
                                     })))
    return refuse("not the two letters of a country code");
  return {};
}

}  // namespace

std::string attribute_type_name(const der::Oid& type) {
  const AttributeTypeRow* const row = attribute_row(type);
  return row != nullptr ? std::string(row->short_name) : type.to_text();
}

Result<der::Oid> attribute_type_from_name(std::string_view name) {
  for (const AttributeTypeRow& row : kAttributeTypes)
    if (equal_ignoring_case(row.short_name, name)) return row.oid;
  if (!name.empty() && name[0] >= '0' && name[0] <= '2') return der::Oid::from_text(name);
  return fail(Errc::bad_encoding, fmt::format("name: no attribute type is called '{}'", name));
}

Name::Name() : tlv_{0x30, 0x00} {}

Result<Name> Name::parse(ByteView tlv) {
  if (tlv.size() > kMaxTlvOctets) return fail(Errc::too_large, "name: more than 8192 octets");
  Name name;
  name.tlv_ = to_bytes(tlv);
  der::Reader outer(name.tlv_);
  CERTWRIGHT_TRY(der::Reader rdns, outer.read_sequence("name"));
  CERTWRIGHT_CHECK(outer.expect_end("name"));
  for (std::size_t rdn = 0; !rdns.at_end(); ++rdn) {
    CERTWRIGHT_TRY(der::Reader values, rdns.read_set("relativeDistinguishedName"));
    if (values.at_end()) return fail(Errc::bad_encoding, "relativeDistinguishedName: empty");
    CERTWRIGHT_CHECK(der::check_set_of_order(values.rest(), "relativeDistinguishedName"));
    while (!values.at_end()) {
      if (name.entries_.size() == kMaxAttributes)
        return fail(Errc::too_large, "name: more than 64 attributes");
      CERTWRIGHT_TRY(der::Reader pair, values.read_sequence("attributeTypeAndValue"));
      CERTWRIGHT_TRY(const der::Oid type, pair.read_oid("attributeType"));
      CERTWRIGHT_TRY(const der::Element value, pair.read_any("attributeValue"));
      CERTWRIGHT_CHECK(pair.expect_end("attributeTypeAndValue"));
      if (value.tag == der::Tag::visible_string)  // not of DirectoryString; OpenSSL refuses it too
        return fail(Errc::bad_encoding,
                    "attributeValue: a VisibleString does not belong in a name");
      CERTWRIGHT_CHECK(der::check_string(value.tag, value.content));
      const auto offset = static_cast<std::size_t>(value.content.data() - name.tlv_.data());
      name.entries_.push_back({type, value.tag, offset, value.content.size(), rdn});
    }
  }
  return name;
}

Name::Attribute Name::attribute(std::size_t index) const {
  const Entry& entry = entries_.at(index);
  return {entry.type, entry.tag, ByteView(tlv_).subspan(entry.offset, entry.size), entry.rdn};
}

std::string Name::Attribute::text() const {
  return der::string_to_utf8(tag, content).value_or(std::string());  // parse() checked it
}

std::vector<std::string> Name::values(const der::Oid& type) const {
  std::vector<std::string> found;
  for (std::size_t i = 0; i < size(); ++i)
    if (entries_[i].type == type) found.push_back(attribute(i).text());
  return found;
}

std::vector<std::string> Name::common_names() const { return values(oids::kCommonName); }

Result<void> Name::check_characters() const {
  for (std::size_t i = 0; i < size(); ++i)
    CERTWRIGHT_CHECK(check_visible(entries_[i].type, attribute(i).text()));
  return {};
}

Result<void> Name::check_upper_bounds() const {
  for (std::size_t i = 0; i < size(); ++i)
    CERTWRIGHT_CHECK(check_upper_bound(entries_[i].type, attribute(i).text()));
  return {};
}

Name::Builder& Name::Builder::add(const der::Oid& type, std::string_view utf8) {
  values_.push_back({type, std::string(utf8), same_rdn_});
  same_rdn_ = false;
  return *this;
}
Name::Builder& Name::Builder::and_also() {
  same_rdn_ = !values_.empty();
  return *this;
}
Name::Builder& Name::Builder::common_name(std::string_view utf8) {
  return add(oids::kCommonName, utf8);
}
Name::Builder& Name::Builder::organization(std::string_view utf8) {
  return add(oids::kOrganizationName, utf8);
}
Name::Builder& Name::Builder::organizational_unit(std::string_view utf8) {
  return add(oids::kOrganizationalUnitName, utf8);
}
Name::Builder& Name::Builder::country(std::string_view utf8) {
  return add(oids::kCountryName, utf8);
}
Name::Builder& Name::Builder::state_or_province(std::string_view utf8) {
  return add(oids::kStateOrProvinceName, utf8);
}
Name::Builder& Name::Builder::locality(std::string_view utf8) {
  return add(oids::kLocalityName, utf8);
}
Name::Builder& Name::Builder::street_address(std::string_view utf8) {
  return add(oids::kStreetAddress, utf8);
}
Name::Builder& Name::Builder::postal_code(std::string_view utf8) {
  return add(oids::kPostalCode, utf8);
}
Name::Builder& Name::Builder::serial_number(std::string_view utf8) {
  return add(oids::kSerialNumber, utf8);
}
Name::Builder& Name::Builder::email_address(std::string_view utf8) {
  return add(oids::kEmailAddress, utf8);
}
Name::Builder& Name::Builder::domain_component(std::string_view utf8) {
  return add(oids::kDomainComponent, utf8);
}
Name::Builder& Name::Builder::user_id(std::string_view utf8) { return add(oids::kUserId, utf8); }

Result<Name> Name::Builder::build() const {
  for (const Value& value : values_) CERTWRIGHT_CHECK(check_value(value.type, value.utf8));
  der::Writer writer;
  writer.sequence([&] {
    for (std::size_t i = 0; i < values_.size();) {
      writer.set_of([&] {
        do {
          const AttributeTypeRow* const row = attribute_row(values_[i].type);
          writer.sequence([&] {
            writer.oid(values_[i].type);
            writer.string(row != nullptr ? row->string_type : der::Tag::utf8_string,
                          values_[i].utf8);
          });
        } while (++i < values_.size() && values_[i].same_rdn);
      });
    }
  });
  return Name::parse(writer.view());
}

Result<Name> Name::from_fields(const Fields& fields) {
  Builder builder;
  const auto add = [&](const der::Oid& type, const std::string& value) {
    if (!value.empty()) builder.add(type, value);
  };
  for (const std::string& value : fields.domain_component) add(oids::kDomainComponent, value);
  add(oids::kCountryName, fields.country);
  add(oids::kStateOrProvinceName, fields.state_or_province);
  add(oids::kLocalityName, fields.locality);
  add(oids::kStreetAddress, fields.street_address);
  add(oids::kPostalCode, fields.postal_code);
  add(oids::kOrganizationName, fields.organization);
  for (const std::string& value : fields.organizational_unit)
    add(oids::kOrganizationalUnitName, value);
  add(oids::kCommonName, fields.common_name);
  add(oids::kSerialNumber, fields.serial_number);
  add(oids::kEmailAddress, fields.email_address);
  add(oids::kUserId, fields.user_id);
  return builder.build();
}

}  // namespace certwright::x509
