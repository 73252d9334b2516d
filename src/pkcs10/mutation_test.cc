// Strictness, judged by OpenSSL: over mutants of golden certificates, CRLs and requests, whatever
// we accept OpenSSL accepts and re-encodes to the same octets (from its parsed fields, not from the
// copy of the input that it keeps). Where OpenSSL accepts what we refuse, the reasons are counted.
#include <cstdio>
#include <functional>
#include <map>
#include <random>

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "pkcs10/certification_request.h"
#include "x509/certificate.h"
#include "x509/certificate_list.h"
#include "x509/golden.h"

namespace certwright::pkcs10 {
namespace mutation_test {  // test files are compiled together

namespace golden = x509::golden;

// One octet string out of OpenSSL's i2d functions; empty if it failed.
template <class Encode>
Bytes encoded(Encode encode) {
  unsigned char* out = nullptr;
  const int size = encode(&out);
  Bytes bytes;
  if (size > 0) bytes.assign(out, out + size);
  OPENSSL_free(out);
  return bytes;
}

// A name made again from OpenSSL's attributes, so that its cached octets are not used.
Bytes rebuilt_name(const X509_NAME* name) {
  X509_NAME* const copy = X509_NAME_new();
  int previous_set = -1;
  for (int i = 0; i < X509_NAME_entry_count(name); ++i) {
    const X509_NAME_ENTRY* const entry = X509_NAME_get_entry(name, i);
    const int set = X509_NAME_ENTRY_set(entry);
    X509_NAME_add_entry(copy, entry, -1, set == previous_set ? -1 : 0);
    previous_set = set;
  }
  Bytes tlv = encoded([&](unsigned char** out) { return i2d_X509_NAME(copy, out); });
  X509_NAME_free(copy);
  return tlv;
}

// Empty text: OpenSSL agrees. Else what it says against us.
std::string judge_certificate(const Bytes& der) {
  const auto ours = x509::Certificate::parse(der);
  const unsigned char* at = der.data();
  X509* const theirs = d2i_X509(nullptr, &at, static_cast<long>(der.size()));
  if (theirs == nullptr) return "OpenSSL refuses";
  std::string complaint;
  const Bytes tbs = encoded([&](unsigned char** out) { return i2d_re_X509_tbs(theirs, out); });
  if (at != der.data() + der.size()) complaint = "trailing octets";
  if (to_hex(tbs) != to_hex(ours->tbs_tlv())) complaint = "another TBSCertificate";
  if (encoded([&](unsigned char** out) { return i2d_X509(theirs, out); }) != der)
    complaint = "another Certificate";
  if (rebuilt_name(X509_get_subject_name(theirs)) != to_bytes(ours->subject_tlv()) ||
      rebuilt_name(X509_get_issuer_name(theirs)) != to_bytes(ours->issuer_tlv()))
    complaint = "another name";
  X509_free(theirs);
  return complaint;
}

std::string judge_list(const Bytes& der) {
  const auto ours = x509::CertificateList::parse(der);
  const unsigned char* at = der.data();
  X509_CRL* const theirs = d2i_X509_CRL(nullptr, &at, static_cast<long>(der.size()));
  if (theirs == nullptr) return "OpenSSL refuses";
  std::string complaint;
  const Bytes tbs = encoded([&](unsigned char** out) { return i2d_re_X509_CRL_tbs(theirs, out); });
  if (at != der.data() + der.size()) complaint = "trailing octets";
  if (to_hex(tbs) != to_hex(ours->tbs_tlv())) complaint = "another TBSCertList";
  if (encoded([&](unsigned char** out) { return i2d_X509_CRL(theirs, out); }) != der)
    complaint = "another CertificateList";
  if (rebuilt_name(X509_CRL_get_issuer(theirs)) != to_bytes(ours->issuer_tlv()))
    complaint = "another name";
  X509_CRL_free(theirs);
  return complaint;
}

std::string judge_request(const Bytes& der) {
  const auto ours = CertificationRequest::parse(der);
  const unsigned char* at = der.data();
  X509_REQ* const theirs = d2i_X509_REQ(nullptr, &at, static_cast<long>(der.size()));
  if (theirs == nullptr) return "OpenSSL refuses";
  std::string complaint;
  const Bytes info = encoded([&](unsigned char** out) { return i2d_re_X509_REQ_tbs(theirs, out); });
  if (at != der.data() + der.size()) complaint = "trailing octets";
  if (to_hex(info) != to_hex(ours->info_tlv())) complaint = "another CertificationRequestInfo";
  if (encoded([&](unsigned char** out) { return i2d_X509_REQ(theirs, out); }) != der)
    complaint = "another CertificationRequest";
  if (rebuilt_name(X509_REQ_get_subject_name(theirs)) != to_bytes(ours->subject().tlv()))
    complaint = "another name";
  X509_REQ_free(theirs);
  return complaint;
}

// One of six small damages, at random places.
Bytes mutate(Bytes der, std::mt19937& random) {
  const auto place = [&] { return static_cast<std::ptrdiff_t>(random() % der.size()); };
  const auto at = [&](std::ptrdiff_t i) -> std::uint8_t& {
    return der[static_cast<std::size_t>(i)];
  };
  const auto changes = 1 + random() % 2;
  for (std::uint32_t i = 0; i < changes && der.size() > 8; ++i) {
    const std::ptrdiff_t p = place();
    switch (random() % 6) {
      case 0:
        at(p) = static_cast<std::uint8_t>(at(p) ^ (1U << random() % 8));
        break;
      case 1:
        at(p) = static_cast<std::uint8_t>(random());
        break;
      case 2:
        der.insert(der.begin() + p, static_cast<std::uint8_t>(random()));
        break;
      case 3:
        der.erase(der.begin() + p);
        break;
      case 4:  // where a length may be
        at(p) = static_cast<std::uint8_t>(at(p) + (random() % 2 == 0 ? 1 : -1));
        break;
      default:
        std::swap(at(p), at(place()));
    }
  }
  return der;
}

// Values that are defaults, or that BER allows and DER does not: put in front of an element.
const Bytes& scrap(std::mt19937& random) {
  static const std::vector<Bytes> kScraps = {{0x01, 0x01, 0x00},              // FALSE
                                             {0x01, 0x01, 0x01},              // TRUE, but not DER's
                                             {0xa0, 0x03, 0x02, 0x01, 0x00},  // [0] version v1
                                             {0xa0, 0x03, 0x02, 0x01, 0x02},  // [0] version v3
                                             {0x02, 0x02, 0x00, 0x01},        // a padded INTEGER
                                             {0x05, 0x00},
                                             {0x30, 0x00},
                                             {0x31, 0x00}};
  return kScraps[random() % kScraps.size()];
}

// The same element with its length in a longer form than DER has.
Bytes padded_length(const der::Element& element) {
  const std::size_t size = element.content.size();
  Bytes out = {static_cast<std::uint8_t>(element.tag), 0x83, static_cast<std::uint8_t>(size >> 16),
               static_cast<std::uint8_t>(size >> 8 & 0xff), static_cast<std::uint8_t>(size & 0xff)};
  out.insert(out.end(), element.content.begin(), element.content.end());
  return out;
}

// A damage that keeps every length around it right: an element inside grows, shrinks, vanishes or
// is doubled, or its tag changes. Reaches what random octets do not.
Bytes rewrite_one(ByteView input, std::size_t& countdown, std::mt19937& random) {
  der::Writer writer(input.size() + 64);
  der::Reader reader(input);
  while (!reader.at_end()) {
    const auto element = reader.read_any("x");
    if (!element) {
      writer.raw(reader.rest());
      break;
    }
    const bool here = countdown-- == 0;
    const auto tag = static_cast<der::Tag>(random());
    if (here) {
      Bytes content = to_bytes(element->content);
      switch (random() % 8) {
        case 0:
          break;
        case 1:
          writer.raw(element->tlv);
          writer.raw(element->tlv);
          break;
        case 6:
          writer.raw(scrap(random));
          writer.raw(element->tlv);
          break;
        case 7:
          writer.raw(padded_length(*element));
          break;
        case 2:
          writer.primitive(tag, content);
          break;
        case 3:
          content.insert(content.begin(),
                         static_cast<std::uint8_t>(random() % 2 == 0 ? 0 : random()));
          writer.primitive(element->tag, content);
          break;
        case 4:
          if (!content.empty()) content.pop_back();
          writer.primitive(element->tag, content);
          break;
        default:
          if (!content.empty())
            content[random() % content.size()] = static_cast<std::uint8_t>(random());
          writer.primitive(element->tag, content);
      }
    } else if (der::is_constructed(element->tag)) {
      writer.primitive(element->tag, rewrite_one(element->content, countdown, random));
    } else {
      writer.raw(element->tlv);
    }
  }
  return std::move(writer).take();
}

std::size_t count_elements(ByteView input) {
  std::size_t count = 0;
  der::Reader reader(input);
  while (!reader.at_end()) {
    const auto element = reader.read_any("x");
    if (!element) break;
    count += 1 + (der::is_constructed(element->tag) ? count_elements(element->content) : 0);
  }
  return count;
}

struct Kind {
  const char* name;
  std::vector<std::filesystem::path> files;
  std::function<Result<void>(const Bytes&)> parse;
  std::function<std::string(const Bytes&)> judge;
  std::function<bool(const Bytes&)> theirs_accept;
};

template <auto D2i, auto Free>
bool openssl_accepts(const Bytes& der) {
  const unsigned char* at = der.data();
  auto* const parsed = D2i(nullptr, &at, static_cast<long>(der.size()));
  if (parsed != nullptr) Free(parsed);
  ERR_clear_error();
  return parsed != nullptr && at == der.data() + der.size();
}

template <class T>
Result<void> parse_only(const Bytes& der) {
  CERTWRIGHT_CHECK(T::parse(der));
  return {};
}

// One reason for all wrong tags of a field, and for all OIDs that come twice.
std::string reason_of(const Error& error) {
  const std::string& detail = error.detail;
  const std::string field = detail.substr(0, detail.find(':') + 1);
  if (detail.find(": found tag ") != std::string::npos) return field + " another tag belongs there";
  if (detail.find(" comes twice") != std::string::npos) return field + " something comes twice";
  return detail;
}

void run(const Kind& kind, std::size_t mutants) {
  std::mt19937 random(5280);
  std::map<std::string, int> stricter;
  std::size_t accepted = 0, refused_by_both = 0;
  for (std::size_t i = 0; i < mutants; ++i) {
    const Bytes original = golden::read_der(kind.files[i % kind.files.size()]);
    std::size_t countdown = random() % count_elements(original);
    const Bytes mutant =
        i % 2 == 0 ? mutate(original, random) : rewrite_one(original, countdown, random);
    if (const auto ours = kind.parse(mutant)) {
      ++accepted;
      ASSERT_EQ(kind.judge(mutant), "") << kind.name << " mutant " << i << ": " << to_hex(mutant);
    } else if (kind.theirs_accept(mutant)) {
      ++stricter[reason_of(ours.error())];
    } else {
      ++refused_by_both;
    }
  }
  int only_ours = 0;
  for (const auto& [reason, count] : stricter) only_ours += count;
  std::printf(
      "%s: %zu mutants, %zu accepted by both, %zu refused by both, %d refused by us alone\n",
      kind.name, mutants, accepted, refused_by_both, only_ours);
  for (const auto& [reason, count] : stricter) std::printf("  %5d %s\n", count, reason.c_str());
  EXPECT_GT(accepted, mutants / 50);  // the test would be empty without
  EXPECT_GT(refused_by_both, mutants / 50);
}

TEST(Mutants, OfCertificatesAreReadAsOpenSslReadsThem) {
  run({"certificates", golden::files_in("../x509/testdata/certificate"),
       parse_only<x509::Certificate>, judge_certificate, openssl_accepts<d2i_X509, X509_free>},
      12000);
}

TEST(Mutants, OfCertificateListsAreReadAsOpenSslReadsThem) {
  run({"certificate lists", golden::files_in("../x509/testdata/crl"),
       parse_only<x509::CertificateList>, judge_list, openssl_accepts<d2i_X509_CRL, X509_CRL_free>},
      6000);
}

TEST(Mutants, OfRequestsAreReadAsOpenSslReadsThem) {
  run({"requests", golden::files_in("testdata/request"), parse_only<CertificationRequest>,
       judge_request, openssl_accepts<d2i_X509_REQ, X509_REQ_free>},
      6000);
}

}  // namespace mutation_test
}  // namespace certwright::pkcs10
