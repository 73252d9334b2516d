#include "x509/general_name.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <optional>

#include <fmt/format.h>

namespace certwright::x509 {
namespace {

using Kind = GeneralName::Kind;

tl::unexpected<Error> refuse_name(std::string_view name, std::string_view why) {
  std::string shown;
  for (const char c : name.substr(0, 80)) shown += c >= 0x20 && c < 0x7f ? c : '?';
  return fail(Errc::invalid, fmt::format("'{}' {}", shown, why));
}

Bytes text_octets(std::string_view text) { return to_bytes(as_bytes(text)); }

bool is_constructed_kind(Kind kind) noexcept {
  return kind == Kind::other_name || kind == Kind::x400_address || kind == Kind::directory_name ||
         kind == Kind::edi_party_name;
}

// OtherName ::= SEQUENCE { type-id OBJECT IDENTIFIER, value [0] EXPLICIT ANY }
Result<void> check_other_name(ByteView content) {
  der::Reader fields(content);
  CERTWRIGHT_CHECK(fields.read_oid("otherName.type-id"));
  CERTWRIGHT_TRY(der::Reader value,
                 fields.read_constructed(der::context_constructed(0), "otherName.value"));
  CERTWRIGHT_CHECK(fields.expect_end("otherName"));
  CERTWRIGHT_TRY(const der::Element any, value.read_any("otherName.value"));
  CERTWRIGHT_CHECK(value.expect_end("otherName.value"));
  return der::check_element(any, "otherName.value");
}

Result<void> check_content(Kind kind, const der::Element& element) {
  switch (kind) {
    case Kind::other_name:
      return check_other_name(element.content);
    case Kind::email:
    case Kind::dns:
    case Kind::uri:
      return der::check_string(der::Tag::ia5_string, element.content);
    case Kind::directory_name:
      CERTWRIGHT_CHECK(Name::parse(element.content));
      return {};
    case Kind::ip: {
      const std::size_t size = element.content.size();
      if (size != 4 && size != 8 && size != 16 && size != 32)
        return fail(Errc::bad_encoding, "iPAddress: not 4, 8, 16 or 32 octets");
      return {};
    }
    case Kind::registered_id:
      CERTWRIGHT_CHECK(der::Oid::parse(element.content));
      return {};
    default:
      return der::check_element(element, "generalName");
  }
}

// How many leading one bits, or nothing if a zero comes before a one.
std::optional<unsigned> prefix_length(ByteView mask) noexcept {
  unsigned bits = 0;
  bool ended = false;
  for (const std::uint8_t octet : mask) {
    const auto ones = static_cast<unsigned>(std::countl_one(octet));
    if ((ended && octet != 0) || static_cast<std::uint8_t>(octet << ones) != 0) return std::nullopt;
    bits += ones;
    ended = ended || ones < 8;
  }
  return bits;
}

std::string constraint_to_text(ByteView address_and_mask) {
  const std::size_t half = address_and_mask.size() / 2;
  const ByteView mask = address_and_mask.subspan(half);
  const std::string address = ip_address_to_text(address_and_mask.first(half));
  if (const auto bits = prefix_length(mask)) return fmt::format("{}/{}", address, *bits);
  return fmt::format("{}/{}", address, ip_address_to_text(mask));
}

std::string escape_controls(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c >= 0x20 && c < 0x7f) {
      out += c;
    } else {
      out += fmt::format("\\x{:02x}", static_cast<std::uint8_t>(c));
    }
  }
  return out;
}

}  // namespace

Result<GeneralName> GeneralName::dns(std::string_view name) {
  if (!valid_dns_name(name, Wildcard::allowed, Underscore::allowed))
    return refuse_name(name, "is not a DNS name");
  return GeneralName(Kind::dns, text_octets(name));
}

Result<GeneralName> GeneralName::email(std::string_view address) {
  if (!valid_email_address(address)) return refuse_name(address, "is not an e-mail address");
  return GeneralName(Kind::email, text_octets(address));
}

Result<GeneralName> GeneralName::uri(std::string_view uri) {
  if (!valid_absolute_uri(uri)) return refuse_name(uri, "is not an absolute URI");
  return GeneralName(Kind::uri, text_octets(uri));
}

Result<GeneralName> GeneralName::ip(std::string_view text) {
  auto address = parse_ip_address(text);
  if (!address) return refuse_name(text, "is not an IP address");
  return GeneralName(Kind::ip, std::move(*address));
}

Result<GeneralName> GeneralName::ip_octets(ByteView address) {
  if (address.size() != 4 && address.size() != 16)
    return fail(Errc::invalid, "an IP address has 4 or 16 octets");
  return GeneralName(Kind::ip, to_bytes(address));
}

GeneralName GeneralName::directory_name(const Name& name) {
  return GeneralName(Kind::directory_name, to_bytes(name.tlv()));
}

GeneralName GeneralName::registered_id(const der::Oid& oid) {
  return GeneralName(Kind::registered_id, to_bytes(oid.content()));
}

Result<GeneralName> GeneralName::dns_constraint(std::string_view suffix) {
  const std::string_view host = suffix.starts_with('.') ? suffix.substr(1) : suffix;
  // "" constrains all names; excluding it forbids the kind altogether.
  if (!suffix.empty() && !valid_dns_name(host, Wildcard::refused, Underscore::allowed))
    return refuse_name(suffix, "is not a DNS name constraint");
  return GeneralName(Kind::dns, text_octets(suffix));
}

Result<GeneralName> GeneralName::email_constraint(std::string_view text) {
  const std::string_view host = text.starts_with('.') ? text.substr(1) : text;
  if (!valid_email_address(text) && !valid_dns_name(host, Wildcard::refused, Underscore::refused))
    return refuse_name(text, "is not an e-mail constraint");
  return GeneralName(Kind::email, text_octets(text));
}

Result<GeneralName> GeneralName::ip_constraint(std::string_view cidr) {
  const std::size_t slash = cidr.find('/');
  auto address = parse_ip_address(cidr.substr(0, slash));
  unsigned bits = 0;
  if (!address || slash == std::string_view::npos)
    return refuse_name(cidr, "is not an address range like 10.0.0.0/8");
  const std::string_view number = cidr.substr(slash + 1);
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), bits);
  if (error != std::errc() || end != number.data() + number.size() || number.empty() ||
      (number.size() > 1 && number[0] == '0') || bits > address->size() * 8)
    return refuse_name(cidr, "has no good prefix length");
  Bytes octets = *address;
  for (std::size_t i = 0; i < address->size(); ++i) {
    const unsigned here =
        std::min(8U, bits - std::min<unsigned>(bits, static_cast<unsigned>(8 * i)));
    const auto mask = static_cast<std::uint8_t>(0xff00U >> here & 0xff);
    if (((*address)[i] & ~mask & 0xff) != 0)
      return refuse_name(cidr, "has bits set beyond its prefix");
    octets.push_back(mask);
  }
  return GeneralName(Kind::ip, std::move(octets));
}

Result<GeneralName> GeneralName::parse(der::Reader& reader) {
  CERTWRIGHT_TRY(const der::Element element, reader.read_any("generalName"));
  const auto tag = static_cast<std::uint8_t>(element.tag);
  const auto number = static_cast<std::uint8_t>(tag & 0x1f);
  const auto kind = static_cast<Kind>(number);
  if ((tag & 0xc0) != 0x80 || number > 8 ||
      der::is_constructed(element.tag) != is_constructed_kind(kind))
    return fail(Errc::bad_encoding, fmt::format("generalName: no choice has tag {:02x}", tag));
  CERTWRIGHT_CHECK(check_content(kind, element));
  return GeneralName(kind, to_bytes(element.content));
}

void GeneralName::write(der::Writer& writer) const {
  const auto number = static_cast<std::uint8_t>(kind_);
  writer.primitive(
      is_constructed_kind(kind_) ? der::context_constructed(number) : der::context(number),
      octets_);
}

std::string_view GeneralName::text() const noexcept {
  if (kind_ != Kind::dns && kind_ != Kind::email && kind_ != Kind::uri) return {};
  return as_text(octets_);
}

Result<Name> GeneralName::name() const {
  if (kind_ != Kind::directory_name) return fail(Errc::conflict, "not a directoryName");
  return Name::parse(octets_);
}

std::string GeneralName::to_text() const {
  switch (kind_) {
    case Kind::email:
      return "email:" + escape_controls(text());
    case Kind::dns:
      return "DNS:" + escape_controls(text());
    case Kind::uri:
      return "URI:" + escape_controls(text());
    case Kind::ip:
      if (octets_.size() == 8 || octets_.size() == 32) return "IP:" + constraint_to_text(octets_);
      return "IP:" + ip_address_to_text(octets_);
    case Kind::directory_name: {
      const auto parsed = name();
      return "dirName:" + (parsed ? parsed->to_text() : to_hex(octets_));
    }
    case Kind::registered_id: {
      const auto oid = der::Oid::parse(octets_);
      return "RID:" + (oid ? oid->to_text() : to_hex(octets_));
    }
    case Kind::other_name:
      return "otherName:" + to_hex(octets_);
    case Kind::x400_address:
      return "X400Name:" + to_hex(octets_);
    case Kind::edi_party_name:
      return "EdiPartyName:" + to_hex(octets_);
  }
  return {};
}

Result<void> GeneralName::check() const {
  switch (kind_) {
    case Kind::email:
      CERTWRIGHT_CHECK(email(text()));
      return {};
    case Kind::dns:
      CERTWRIGHT_CHECK(dns(text()));
      return {};
    case Kind::uri:
      CERTWRIGHT_CHECK(uri(text()));
      return {};
    case Kind::ip:
      CERTWRIGHT_CHECK(ip_octets(octets_));
      return {};
    case Kind::directory_name: {
      CERTWRIGHT_TRY(const Name parsed, name());
      return parsed.check_characters();
    }
    case Kind::registered_id:
      return {};
    default:
      return fail(Errc::invalid, "a kind of name that no rule covers");
  }
}

Result<std::vector<GeneralName>> parse_general_names(ByteView tlv) {
  der::Reader outer(tlv);
  CERTWRIGHT_TRY(der::Reader list, outer.read_sequence("generalNames"));
  CERTWRIGHT_CHECK(outer.expect_end("generalNames"));
  return parse_general_names_content(list);
}

Result<std::vector<GeneralName>> parse_general_names_content(der::Reader list) {
  if (list.at_end()) return fail(Errc::bad_encoding, "generalNames: empty");
  std::vector<GeneralName> names;
  while (!list.at_end()) {
    if (names.size() == kMaxGeneralNames)
      return fail(Errc::too_large, fmt::format("generalNames: more than {}", kMaxGeneralNames));
    CERTWRIGHT_TRY(GeneralName name, GeneralName::parse(list));
    names.push_back(std::move(name));
  }
  return names;
}

}  // namespace certwright::x509
