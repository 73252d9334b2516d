// Which endpoints are believed over TLS: by name, issuer and time.
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "notification/https_transport.h"
#include "notification/smtp_transport.h"
#include "notification/testing_byte_server.h"

namespace certwright::notification {
namespace {

using fixture::ByteServer;
using Key = std::shared_ptr<EVP_PKEY>;
using Certificate = std::shared_ptr<X509>;

constexpr long kHour = 3600;

struct Identity {
  Key key;
  Certificate certificate;
};

void add(X509* certificate, int nid, const std::string& value) {
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str());
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

// Self-signed without an issuer. Valid until so many seconds from now.
Identity made(const std::string& name, const Identity* issuer, const std::string& alternatives, long until_s) {
  static long serial = 0;
  Identity identity{Key(EVP_EC_gen("P-256"), EVP_PKEY_free), Certificate(X509_new(), X509_free)};
  X509* c = identity.certificate.get();
  X509_set_version(c, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(c), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(c), -2 * kHour);
  X509_gmtime_adj(X509_getm_notAfter(c), until_s);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(c), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_issuer_name(c, X509_get_subject_name(issuer != nullptr ? issuer->certificate.get() : c));
  X509_set_pubkey(c, identity.key.get());
  add(c, NID_basic_constraints, issuer != nullptr ? "critical,CA:FALSE" : "critical,CA:TRUE");
  if (!alternatives.empty()) add(c, NID_subject_alt_name, alternatives);
  X509_sign(c, issuer != nullptr ? issuer->key.get() : identity.key.get(), EVP_sha256());
  return identity;
}

// One answer to each connection that gets through its handshake.
class TlsPeer {
 public:
  explicit TlsPeer(const Identity& identity)
      : context_(SSL_CTX_new(TLS_server_method()), SSL_CTX_free), server_([this](int connection) { serve(connection); }) {
    SSL_CTX_use_certificate(context_.get(), identity.certificate.get());
    SSL_CTX_use_PrivateKey(context_.get(), identity.key.get());
  }
  std::string port() const { return std::to_string(server_.port()); }
  std::atomic<int> requests{0};

 private:
  void serve(int connection) {
    const std::unique_ptr<SSL, decltype(&SSL_free)> ssl(SSL_new(context_.get()), SSL_free);
    SSL_set_fd(ssl.get(), connection);
    std::array<char, 4096> buffer{};
    if (SSL_accept(ssl.get()) != 1 || SSL_read(ssl.get(), buffer.data(), buffer.size()) <= 0) return;
    ++requests;
    constexpr std::string_view kAnswer = "HTTP/1.1 204 No Content\r\n\r\n";
    SSL_write(ssl.get(), kAnswer.data(), static_cast<int>(kAnswer.size()));
    SSL_shutdown(ssl.get());
  }
  std::shared_ptr<SSL_CTX> context_;
  ByteServer server_;  // ends first
};

class TlsPeerTest : public testing::Test {
 protected:
  TlsPeerTest() {
    ::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to who has hung up
    std::string path = testing::TempDir() + "anchor-XXXXXX";
    const int file = ::mkstemp(path.data());
    anchor_file_ = path;
    FILE* stream = ::fdopen(file, "w");
    PEM_write_X509(stream, anchor_.certificate.get());
    std::fclose(stream);
  }
  ~TlsPeerTest() override { std::remove(anchor_file_.c_str()); }

  // "" or the error; `requests` as the endpoint has seen them.
  std::string post(const Identity& identity, int& requests) {
    TlsPeer peer(identity);
    HttpsOptions options;
    options.policy = AddressPolicy({*Network::parse("127.0.0.0/8")});
    options.ca_file = anchor_file_;
    options.resolve = [](const std::string&) -> Result<std::vector<IpAddress>> { return std::vector{*IpAddress::parse("127.0.0.1")}; };
    HttpsTransport transport(std::move(options));
    const auto status = transport.post({.url = *WebhookUrl::parse("https://hooks.example:" + peer.port() + "/"), .headers = {}, .body = "{}"}, stop_);
    requests = peer.requests;
    return status ? "" : status.error().detail;
  }
  void expect_refused(const Identity& identity) {
    int requests = 0;
    EXPECT_NE(post(identity, requests), "");
    EXPECT_EQ(requests, 0);
  }
  const Identity anchor_ = made("anchor", nullptr, "", kHour);
  std::string anchor_file_;
  Stop stop_{false};
};

TEST_F(TlsPeerTest, OneThatIsWhatItSaysIsTold) {
  int requests = 0;
  EXPECT_EQ(post(made("peer", &anchor_, "DNS:hooks.example", kHour), requests), "");
  EXPECT_EQ(requests, 1);
}

TEST_F(TlsPeerTest, OneOfAnotherNameIsNot) {
  expect_refused(made("peer", &anchor_, "DNS:other.example", kHour));
  expect_refused(made("hooks.example", &anchor_, "DNS:other.example", kHour));
  expect_refused(made("peer", &anchor_, "IP:127.0.0.1", kHour));  // the address is not the name
}

TEST_F(TlsPeerTest, OneOfAnUnknownIssuerIsNot) {
  const Identity stranger = made("anchor", nullptr, "", kHour);
  expect_refused(made("peer", &stranger, "DNS:hooks.example", kHour));
  expect_refused(made("hooks.example", nullptr, "DNS:hooks.example", kHour));
}

TEST_F(TlsPeerTest, AnExpiredOneIsNot) { expect_refused(made("peer", &anchor_, "DNS:hooks.example", -kHour)); }

TEST_F(TlsPeerTest, AMailServerIsJudgedAlike) {
  TlsPeer peer(made("peer", &anchor_, "DNS:other.example", kHour));
  SmtpOptions options;
  options.host = "127.0.0.1";
  options.port = static_cast<std::uint16_t>(std::stoi(peer.port()));
  options.security = SmtpSecurity::tls;
  options.ca_file = anchor_file_;
  const auto transport = SmtpTransport::create(std::move(options));
  const MailMessage message{.from = *parse_mailbox("ca@ca.example"), .to = *parse_mailbox("alice@example.org"), .subject = "S",
                            .text = "t", .html = "h", .id = "0123", .contained = {"0123"}, .date = {}};
  EXPECT_EQ((*transport)->send(message, stop_).error().code, Errc::unavailable);
  EXPECT_EQ(peer.requests, 0);
}

}  // namespace
}  // namespace certwright::notification
