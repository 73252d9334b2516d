// cRLDistributionPoints, and the extensions of CRLs and their entries: RFC 5280
// sections 4.2.1.13, 5.2 and 5.3.
#include <fmt/format.h>

#include "der/reader.h"
#include "x509/extension.h"

namespace certwright::x509 {
namespace {

constexpr std::size_t kMaxDistributionPoints = 64;

// DistributionPointName ::= CHOICE { fullName [0] GeneralNames, nameRelativeToCRLIssuer [1] RDN }
Result<void> take_point_name(der::Reader choice, std::vector<std::string>& uris) {
  if (choice.next_is(der::context_constructed(0))) {
    CERTWRIGHT_TRY(const der::Reader list,
                   choice.read_constructed(der::context_constructed(0), "fullName"));
    CERTWRIGHT_TRY(const std::vector<GeneralName> names, parse_general_names_content(list));
    for (const GeneralName& name : names)
      if (name.kind() == GeneralName::Kind::uri) uris.emplace_back(name.text());
  } else {
    CERTWRIGHT_TRY(const der::Element relative,
                   choice.read(der::context_constructed(1), "nameRelativeToCRLIssuer"));
    CERTWRIGHT_CHECK(der::check_element(relative, "nameRelativeToCRLIssuer"));
  }
  return choice.expect_end("distributionPointName");
}

Result<void> check_reasons(der::Reader& fields, std::uint8_t number) {
  CERTWRIGHT_TRY(const der::Element reasons, fields.read(der::context(number), "reasons"));
  CERTWRIGHT_CHECK(der::parse_bit_string(reasons.content));
  return {};
}

Result<void> take_distribution_point(der::Reader& list, std::vector<std::string>& uris) {
  CERTWRIGHT_TRY(der::Reader fields, list.read_sequence("distributionPoint"));
  if (fields.next_is(der::context_constructed(0))) {
    CERTWRIGHT_TRY(const der::Reader name,
                   fields.read_constructed(der::context_constructed(0), "distributionPointName"));
    CERTWRIGHT_CHECK(take_point_name(name, uris));
  }
  if (fields.next_is(der::context(1))) CERTWRIGHT_CHECK(check_reasons(fields, 1));
  if (fields.next_is(der::context_constructed(2))) {
    CERTWRIGHT_TRY(const der::Reader issuer,
                   fields.read_constructed(der::context_constructed(2), "cRLIssuer"));
    CERTWRIGHT_CHECK(parse_general_names_content(issuer));
  }
  return fields.expect_end("distributionPoint");
}

// [number] BOOLEAN DEFAULT FALSE
Result<bool> take_flag(der::Reader& fields, std::uint8_t number) {
  if (!fields.next_is(der::context(number))) return false;
  CERTWRIGHT_TRY(const der::Element element, fields.read(der::context(number), "flag"));
  CERTWRIGHT_TRY(const bool flag, der::parse_boolean(element.content));
  if (!flag)
    return fail(Errc::bad_encoding, "issuingDistributionPoint: FALSE is the default and left out");
  return true;
}

}  // namespace

Result<std::vector<std::string>> parse_crl_distribution_points(ByteView value) {
  der::Reader outer(value);
  CERTWRIGHT_TRY(der::Reader list, outer.read_sequence("cRLDistributionPoints"));
  CERTWRIGHT_CHECK(outer.expect_end("cRLDistributionPoints"));
  if (list.at_end()) return fail(Errc::bad_encoding, "cRLDistributionPoints: empty");
  std::vector<std::string> uris;
  for (std::size_t count = 0; !list.at_end(); ++count) {
    if (count == kMaxDistributionPoints)
      return fail(Errc::too_large, "cRLDistributionPoints: more than 64");
    CERTWRIGHT_CHECK(take_distribution_point(list, uris));
  }
  return uris;
}

Bytes encode_crl_distribution_points(const std::vector<std::string>& uris) {
  der::Writer writer(128);
  writer.sequence([&] {
    for (const std::string& uri : uris) {
      writer.sequence([&] {
        writer.nested(der::context_constructed(0), [&] {
          writer.nested(der::context_constructed(0), [&] { writer.string(der::context(6), uri); });
        });
      });
    }
  });
  return std::move(writer).take();
}

Result<Bytes> parse_crl_number(ByteView value) {
  der::Reader reader(value);
  CERTWRIGHT_TRY(const ByteView number, reader.read_integer("cRLNumber"));
  CERTWRIGHT_CHECK(reader.expect_end("cRLNumber"));
  if (number[0] >= 0x80) return fail(Errc::bad_encoding, "cRLNumber: negative");
  if (number.size() > 20) return fail(Errc::too_large, "cRLNumber: longer than 20 octets");
  return to_bytes(number);
}

Result<std::uint64_t> parse_crl_number_u64(ByteView value) {
  CERTWRIGHT_TRY(const Bytes number, parse_crl_number(value));
  if (number.size() > 8) return fail(Errc::too_large, "cRLNumber: above 2^63-1");
  return der::parse_unsigned(number);
}

Bytes encode_crl_number(std::uint64_t number) {
  der::Writer writer(16);
  writer.integer(number);
  return std::move(writer).take();
}

Result<Bytes> parse_delta_crl_indicator(ByteView value) { return parse_crl_number(value); }

Result<IssuingDistributionPoint> parse_issuing_distribution_point(ByteView value) {
  der::Reader outer(value);
  CERTWRIGHT_TRY(der::Reader fields, outer.read_sequence("issuingDistributionPoint"));
  CERTWRIGHT_CHECK(outer.expect_end("issuingDistributionPoint"));
  if (fields.at_end()) return fail(Errc::bad_encoding, "issuingDistributionPoint: empty");
  IssuingDistributionPoint point;
  if (fields.next_is(der::context_constructed(0))) {
    CERTWRIGHT_TRY(const der::Reader name,
                   fields.read_constructed(der::context_constructed(0), "distributionPoint"));
    CERTWRIGHT_CHECK(take_point_name(name, point.uris));
  }
  CERTWRIGHT_TRY(point.only_contains_user_certs, take_flag(fields, 1));
  CERTWRIGHT_TRY(point.only_contains_ca_certs, take_flag(fields, 2));
  if (fields.next_is(der::context(3))) {
    CERTWRIGHT_CHECK(check_reasons(fields, 3));
    point.only_some_reasons = true;
  }
  CERTWRIGHT_TRY(point.indirect_crl, take_flag(fields, 4));
  CERTWRIGHT_TRY(point.only_contains_attribute_certs, take_flag(fields, 5));
  CERTWRIGHT_CHECK(fields.expect_end("issuingDistributionPoint"));
  return point;
}

Bytes encode_issuing_distribution_point(const IssuingDistributionPoint& point) {
  constexpr std::uint8_t kTrue = 0xff;
  der::Writer writer(128);
  writer.sequence([&] {
    if (!point.uris.empty()) {
      writer.nested(der::context_constructed(0), [&] {
        writer.nested(der::context_constructed(0), [&] {
          for (const std::string& uri : point.uris) writer.string(der::context(6), uri);
        });
      });
    }
    if (point.only_contains_user_certs) writer.primitive(der::context(1), {&kTrue, 1});
    if (point.only_contains_ca_certs) writer.primitive(der::context(2), {&kTrue, 1});
  });
  return std::move(writer).take();
}

Result<RevocationReason> parse_reason_code(ByteView value) {
  der::Reader reader(value);
  CERTWRIGHT_TRY(const std::uint64_t number, reader.read_enumerated("reasonCode"));
  CERTWRIGHT_CHECK(reader.expect_end("reasonCode"));
  const auto reason = revocation_reason_from_number(number);
  if (!reason) return fail(Errc::bad_encoding, "reasonCode: no reason has this number");
  return *reason;
}

Bytes encode_reason_code(RevocationReason reason) {
  der::Writer writer(8);
  writer.enumerated(static_cast<std::uint64_t>(reason));
  return std::move(writer).take();
}

Result<Time> parse_invalidity_date(ByteView value) {
  der::Reader reader(value);
  CERTWRIGHT_TRY(const Time date, reader.read_generalized_time("invalidityDate"));
  CERTWRIGHT_CHECK(reader.expect_end("invalidityDate"));
  return date;
}

Bytes encode_invalidity_date(Time date) {
  der::Writer writer(20);
  writer.generalized_time(date);
  return std::move(writer).take();
}

}  // namespace certwright::x509
