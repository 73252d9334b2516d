#include "x509/certificate_list.h"

#include <chrono>

#include <gtest/gtest.h>
#include <openssl/x509.h>

#include "x509/golden.h"
#include "x509/oids.h"
#include "x509/signed_encoding.h"

namespace certwright::x509 {
namespace certificate_list_test {  // test files are compiled together

CertificateList golden_list(const std::string& name) {
  return CertificateList::parse(golden::read_der("testdata/crl/" + name + ".pem")).value();
}

const Bytes& algorithm() {
  static const Bytes tlv = from_hex("300506032b6570").value();
  return tlv;
}

TbsCertList fields_with_number(std::uint64_t number) {
  TbsCertList fields{.signature_algorithm_tlv = algorithm(),
                     .issuer_tlv = to_bytes(Name::from_text("CN=Acme Root CA")->tlv()),
                     .this_update = from_unix_s(1714743209),
                     .next_update = from_unix_s(1714743209 + 86400),
                     .extensions = {}};
  EXPECT_TRUE(fields.extensions.add({oids::kCrlNumber, false, encode_crl_number(number)}));
  return fields;
}

struct Made {
  Bytes tbs;
  Bytes list;
};
Made make_list(const TbsCertList& fields, ByteView entries, ByteView signature = Bytes(64, 7)) {
  auto buffer = CertificateListBuffer::begin(fields, entries).value();
  Bytes tbs = to_bytes(buffer.tbs().tlv());
  return {std::move(tbs), *std::move(buffer).finish(algorithm(), signature).value()};
}

TEST(CertificateListGolden, AllAreReadAsOpenSslReadsThem) {
  for (const auto& file : golden::files_in("testdata/crl")) {
    const Bytes der = golden::read_der(file);
    const auto ours = CertificateList::parse(der);
    ASSERT_TRUE(ours) << file << ": " << ours.error().detail;
    const unsigned char* at = der.data();
    X509_CRL* const theirs = d2i_X509_CRL(nullptr, &at, static_cast<long>(der.size()));
    ASSERT_NE(theirs, nullptr);
    EXPECT_EQ(ours->version(), X509_CRL_get_version(theirs) + 1);
    STACK_OF(X509_REVOKED)* const revoked = X509_CRL_get_REVOKED(theirs);
    ASSERT_EQ(static_cast<int>(ours->size()),
              revoked == nullptr ? 0 : sk_X509_REVOKED_num(revoked));
    auto entries = ours->entries();
    RevokedCertificate entry;
    for (int i = 0; entries.next(entry); ++i) {
      const X509_REVOKED* const their_entry = sk_X509_REVOKED_value(revoked, i);
      unsigned char* serial = nullptr;
      const int size = i2d_ASN1_INTEGER(X509_REVOKED_get0_serialNumber(their_entry), &serial);
      EXPECT_EQ(to_hex(entry.serial_number_content),
                to_hex({serial + 2, static_cast<std::size_t>(size - 2)}));
      OPENSSL_free(serial);
    }
    EXPECT_EQ(ours->extensions().size(), static_cast<std::size_t>(X509_CRL_get_ext_count(theirs)));
    X509_CRL_free(theirs);
  }
}

TEST(CertificateListGolden, ReasonsAndDates) {
  const CertificateList list = golden_list("five_entries");
  ASSERT_EQ(list.size(), 5U);
  EXPECT_EQ(list.issuer().to_text(), "CN=Example Root,O=Example,C=SE");
  EXPECT_TRUE(list.next_update().has_value());
  auto entries = list.entries();
  RevokedCertificate entry;
  std::vector<RevocationReason> reasons;
  while (entries.next(entry)) reasons.push_back(entry.reason);
  EXPECT_EQ(reasons, (std::vector{RevocationReason::unspecified, RevocationReason::certificate_hold,
                                  RevocationReason::ca_compromise, RevocationReason::key_compromise,
                                  RevocationReason::key_compromise}));
  EXPECT_EQ(list.find(from_hex("0082").value())->invalidity_date, from_unix_s(1672531200));
  EXPECT_FALSE(entry.invalidity_date.has_value());
  const Bytes serial = from_hex("0080").value();
  EXPECT_EQ(list.find(serial)->reason, RevocationReason::certificate_hold);
  EXPECT_EQ(to_rfc3339(list.find(serial)->revocation_date), "2024-03-03T00:00:00Z");
  EXPECT_FALSE(list.find(from_hex("0090").value()));
  EXPECT_EQ(parse_crl_number_u64(list.extensions().find(oids::kCrlNumber)->value).value() > 0,
            true);
}

TEST(CertificateListEncode, EntriesAreAppendedAndReadBack) {
  Bytes entries;
  const auto serial = [](std::string_view text) { return SerialNumber::from_text(text).value(); };
  encode_revoked_entry(serial("1"), from_unix_s(0), RevocationReason::unspecified, entries);
  EXPECT_EQ(to_hex(entries), "3012020101170d3730303130313030303030305a");
  encode_revoked_entry(serial("0xff00"), from_unix_s(1), RevocationReason::key_compromise, entries);
  encode_revoked_entry(serial("3"), from_unix_s(2524608000), RevocationReason::aa_compromise,
                       entries);
  const auto made = make_list(fields_with_number(9), entries);
  const auto list = CertificateList::parse(made.list);
  ASSERT_TRUE(list) << list.error().detail;
  EXPECT_EQ(list->size(), 3U);
  EXPECT_EQ(list->version(), 2);
  EXPECT_EQ(list->this_update(), from_unix_s(1714743209));
  EXPECT_EQ(list->next_update(), from_unix_s(1714743209 + 86400));
  EXPECT_EQ(list->find(from_hex("00ff00").value())->reason, RevocationReason::key_compromise);
  EXPECT_EQ(list->find(Bytes{3})->revocation_date, from_unix_s(2524608000));
  EXPECT_EQ(to_hex(list->signature_value()), to_hex(Bytes(64, 7)));
  const Bytes bytes = to_bytes(list->der());
  const unsigned char* at = bytes.data();
  X509_CRL* const theirs = d2i_X509_CRL(nullptr, &at, static_cast<long>(bytes.size()));
  ASSERT_NE(theirs, nullptr);
  unsigned char* again = nullptr;
  const int size = i2d_re_X509_CRL_tbs(theirs, &again);
  EXPECT_EQ(to_hex({again, static_cast<std::size_t>(size)}), to_hex(made.tbs));
  OPENSSL_free(again);
  X509_CRL_free(theirs);
}

// Entries and signatures whose lengths need one octet more or less than was left room for.
TEST(CertificateListEncode, TheHeaderFitsWhateverTheLengths) {
  for (const std::size_t count : {0U, 1U, 3U, 2'000U, 3'500U}) {
    Bytes entries;
    for (std::size_t i = 0; i < count; ++i)
      encode_revoked_entry(SerialNumber::from_id((1ULL << 60) + i, {}), from_unix_s(1700000000),
                           RevocationReason::unspecified, entries);
    for (const std::size_t signature_octets : {0U, 64U, 2'000U, 70'000U}) {
      const Bytes signature(signature_octets, 7);
      const auto made = make_list(fields_with_number(9), entries, signature);
      EXPECT_EQ(made.list, assemble_signed(made.tbs, algorithm(), signature))
          << count << " entries, " << signature_octets;
    }
  }
}

TEST(CertificateListEncode, ALongListStaysWhereItIsForALongSignature) {
  Bytes entries;
  while (entries.size() < 1024 * 1024)
    encode_revoked_entry(SerialNumber::from_id((1ULL << 60) + entries.size(), {}),
                         from_unix_s(1700000000), RevocationReason::unspecified, entries);
  for (const std::size_t signature_octets : {64U, 50'000U}) {  // ECDSA, the longest of SLH-DSA
    auto buffer = CertificateListBuffer::begin(fields_with_number(9), entries).value();
    const auto* const tbs = buffer.tbs().tlv().data();
    const auto list = std::move(buffer).finish(algorithm(), Bytes(signature_octets, 7)).value();
    EXPECT_EQ(list->data() + der::header_size(list->size()), tbs) << signature_octets;
    EXPECT_LE(list->capacity(), list->size() + 128 * 1024);
  }
  // A short one moves, and takes no more than it needs.
  auto buffer = CertificateListBuffer::begin(fields_with_number(9), {}).value();
  const auto list = std::move(buffer).finish(algorithm(), Bytes(50'000, 7)).value();
  EXPECT_LE(list->capacity(), list->size() + 1024);
}

TEST(CertificateListEncode, ABufferIsNotFinishedWhileItIsRead) {
  auto buffer = CertificateListBuffer::begin(fields_with_number(9), {}).value();
  {
    const auto held = buffer.tbs();
    auto other = buffer;
    EXPECT_EQ(std::move(other).finish(algorithm(), Bytes(64, 7)).error().code, Errc::internal);
  }
  auto held = buffer.tbs();
  const auto moved = std::move(held);
  EXPECT_TRUE(held.tlv().empty());
  EXPECT_FALSE(moved.tlv().empty());
}

TEST(CertificateListEncode, AnEmptyListHasNoRevokedCertificates) {
  const auto list = CertificateList::parse(make_list(fields_with_number(1), {}).list);
  ASSERT_TRUE(list);
  EXPECT_EQ(list->size(), 0U);
  EXPECT_EQ(to_hex(list->tbs_tlv()).find("3000"), std::string::npos);
  TbsCertList bad = fields_with_number(1);
  bad.issuer_tlv = {0x05, 0x00};
  EXPECT_EQ(CertificateListBuffer::begin(bad, {}).error().code, Errc::invalid);
}

TEST(CertificateListSize, AMillionEntriesAreBuiltAndRead) {
  constexpr std::size_t kEntries = 1'000'000;
  Bytes entries;
  const auto start = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < kEntries; ++i) {
    std::array<std::uint8_t, 8> random{};
    random[7] = static_cast<std::uint8_t>(i);
    encode_revoked_entry(SerialNumber::from_id((1ULL << 60) + i, random), from_unix_s(1700000000),
                         i % 2 == 0 ? RevocationReason::unspecified : RevocationReason::superseded,
                         entries);
  }
  auto made = make_list(fields_with_number(1), entries);
  const auto built = std::chrono::steady_clock::now();
  const auto list = CertificateList::parse(std::move(made.list));
  const auto parsed = std::chrono::steady_clock::now();
  ASSERT_TRUE(list);
  EXPECT_EQ(list->size(), kEntries);
  const auto ms = [](auto d) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(d).count();
  };
  std::printf("%zu octets: built in %lld ms, parsed in %lld ms\n", list->der().size(),
              static_cast<long long>(ms(built - start)),
              static_cast<long long>(ms(parsed - built)));
  EXPECT_TRUE(list->find(SerialNumber::from_id((1ULL << 60) + kEntries - 1,
                                               {0, 0, 0, 0, 0, 0, 0, (kEntries - 1) & 0xff})
                             .integer_content()));
}

// TBSCertLists that break one rule each.
struct ListCase {
  const char* name;
  bool good;
  void (*write)(der::Writer&);
};
void head(der::Writer& w, bool version_2) {
  if (version_2) w.integer(1);
  w.raw(algorithm());
  w.raw(Name().tlv());
  w.time(from_unix_s(0));
}
void entry(der::Writer& w, void (*extensions)(der::Writer&)) {
  w.sequence([&] {
    w.sequence([&] {
      w.integer(5);
      w.time(from_unix_s(1));
      extensions(w);
    });
  });
}
void extension(der::Writer& w, const der::Oid& oid, bool critical, ByteView value) {
  w.sequence([&] {
    w.oid(oid);
    if (critical) w.boolean(true);
    w.octet_string(value);
  });
}
const ListCase kListCases[] = {
    {"Bare", true, [](der::Writer& w) { head(w, false); }},
    {"NextUpdate", true,
     [](der::Writer& w) {
       head(w, true);
       w.time(from_unix_s(2));
     }},
    {"VersionZero", false,
     [](der::Writer& w) {
       w.integer(0);
       head(w, false);
     }},
    {"VersionTwo", false,
     [](der::Writer& w) {
       w.integer(2);
       head(w, false);
     }},
    {"Entry", true,
     [](der::Writer& w) {
       head(w, false);
       entry(w, [](der::Writer&) {});
     }},
    {"EntryExtensionsInVersion1", false,
     [](der::Writer& w) {
       head(w, false);
       entry(w, [](der::Writer& x) {
         x.sequence([&] {
           extension(x, oids::kReasonCode, false, encode_reason_code(RevocationReason::superseded));
         });
       });
     }},
    {"EntryExtensionsInVersion2", true,
     [](der::Writer& w) {
       head(w, true);
       entry(w, [](der::Writer& x) {
         x.sequence([&] {
           extension(x, oids::kReasonCode, false, encode_reason_code(RevocationReason::superseded));
         });
       });
     }},
    {"EntryExtensionsEmpty", false,
     [](der::Writer& w) {
       head(w, true);
       entry(w, [](der::Writer& x) { x.sequence([] {}); });
     }},
    {"EntryExtensionTwice", false,
     [](der::Writer& w) {
       head(w, true);
       entry(w, [](der::Writer& x) {
         x.sequence([&] {
           extension(x, oids::kTlsFeature, false, {});
           extension(x, oids::kTlsFeature, false, {});
         });
       });
     }},
    {"EntryReasonSeven", false,
     [](der::Writer& w) {
       head(w, true);
       entry(w, [](der::Writer& x) {
         x.sequence([&] { extension(x, oids::kReasonCode, false, Bytes{0x0a, 1, 7}); });
       });
     }},
    {"EntryFieldTooMany", false,
     [](der::Writer& w) {
       head(w, true);
       entry(w, [](der::Writer& x) {
         x.sequence([&] { extension(x, oids::kTlsFeature, false, {}); });
         x.null();
       });
     }},
    {"ListExtensionsInVersion1", false,
     [](der::Writer& w) {
       head(w, false);
       w.nested(der::context_constructed(0), [&] {
         w.sequence([&] { extension(w, oids::kCrlNumber, false, encode_crl_number(1)); });
       });
     }},
    {"FieldAtTheEnd", false, [](der::Writer& w) {
       head(w, true);
       w.null();
     }}};
class ListGrammar : public testing::TestWithParam<ListCase> {};
TEST_P(ListGrammar, IsChecked) {
  der::Writer writer;
  writer.sequence([&] { GetParam().write(writer); });
  const Bytes tbs = std::move(writer).take();
  const auto list = CertificateList::parse(assemble_signed(tbs, algorithm(), Bytes(64, 1)));
  EXPECT_EQ(list.has_value(), GetParam().good) << (list ? "" : list.error().detail);
}
INSTANTIATE_TEST_SUITE_P(Rfc5280Section5_1_2, ListGrammar, testing::ValuesIn(kListCases),
                         [](const auto& c) { return std::string(c.param.name); });

TEST(CertificateListEntries, TellOfCriticalExtensionsTheyDoNotKnow) {
  der::Writer writer;
  writer.sequence([&] {
    head(writer, true);
    entry(writer, [](der::Writer& w) {
      w.sequence([&] { extension(w, oids::kCertificateIssuer, true, Bytes{0x30, 0x00}); });
    });
  });
  const Bytes tbs = std::move(writer).take();
  const auto list = CertificateList::parse(assemble_signed(tbs, algorithm(), Bytes(64, 1)));
  ASSERT_TRUE(list);
  EXPECT_TRUE(list->find(Bytes{5})->unknown_critical_extension);
}

}  // namespace certificate_list_test
}  // namespace certwright::x509
