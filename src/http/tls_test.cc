#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <string>

#include "http/server.h"
#include "http/testing_client.h"
#include "http/testing_memory.h"
#include "http/tls_context.h"

namespace certwright::http {
namespace {

using std::chrono::milliseconds;
using X509Owner = std::unique_ptr<X509, OpensslFree<X509_free>>;
using PkeyOwner = std::unique_ptr<EVP_PKEY, OpensslFree<EVP_PKEY_free>>;
using ContextOwner = std::unique_ptr<SSL_CTX, OpensslFree<SSL_CTX_free>>;
using SessionOwner = std::unique_ptr<SSL_SESSION, OpensslFree<SSL_SESSION_free>>;

Bytes der_of(X509* certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate, &der);
  Bytes bytes(der, der + size);
  OPENSSL_free(der);
  return bytes;
}

// A P-256 certificate made on the spot; self-signed without an issuer.
struct TestCertificate {
  explicit TestCertificate(const char* name, const TestCertificate* issuer = nullptr,
                           const char* eku = nullptr)
      : key(EVP_EC_gen("P-256")), certificate(X509_new()) {
    X509* c = certificate.get();
    X509_set_version(c, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(c), ++next_serial);
    X509_gmtime_adj(X509_getm_notBefore(c), -3600);
    X509_gmtime_adj(X509_getm_notAfter(c), 3600);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(c), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
    X509_set_issuer_name(c, X509_get_subject_name(issuer ? issuer->certificate.get() : c));
    X509_set_pubkey(c, key.get());
    add(NID_basic_constraints, issuer ? "critical,CA:FALSE" : "critical,CA:TRUE");
    if (eku != nullptr) add(NID_ext_key_usage, eku);
    X509_sign(c, issuer ? issuer->key.get() : key.get(), EVP_sha256());
  }
  void add(int nid, const char* value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value);
    X509_add_ext(certificate.get(), extension, -1);
    X509_EXTENSION_free(extension);
  }
  Bytes der() const { return der_of(certificate.get()); }
  TlsIdentity identity() const {
    const std::unique_ptr<PKCS8_PRIV_KEY_INFO, OpensslFree<PKCS8_PRIV_KEY_INFO_free>> info(
        EVP_PKEY2PKCS8(key.get()));
    unsigned char* pkcs8 = nullptr;
    const int size = i2d_PKCS8_PRIV_KEY_INFO(info.get(), &pkcs8);
    TlsIdentity made;
    made.chain = {der()};
    made.private_key = SecretBytes::copy_of({pkcs8, static_cast<std::size_t>(size)});
    OPENSSL_free(pkcs8);
    return made;
  }
  static inline long next_serial = 0;
  PkeyOwner key;
  X509Owner certificate;
};

// One exchange over TLS with an OpenSSL client; what the tests want to know of it.
struct TlsExchange {
  bool connected = false;
  bool resumed = false;
  std::string version, alpn, answer;
  Bytes server_certificate;
  SessionOwner session;
};

struct TlsClientOptions {
  const TestCertificate* identity = nullptr;
  SSL_SESSION* resume = nullptr;
  int version = TLS1_3_VERSION;
  std::string alpn = "http/1.1";
};

int keep_session(SSL* ssl, SSL_SESSION* session) {
  static_cast<TlsExchange*>(SSL_get_app_data(ssl))->session.reset(session);
  return 1;
}

TlsExchange exchange(std::uint16_t port, const TlsClientOptions& options = {}) {
  TlsExchange result;
  const ContextOwner context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_min_proto_version(context.get(), options.version);
  SSL_CTX_set_max_proto_version(context.get(), options.version);
  // Not in the context's own cache: freeing that would mark the session as not resumable.
  SSL_CTX_set_session_cache_mode(context.get(),
                                 SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context.get(), keep_session);
  if (options.identity != nullptr) {
    SSL_CTX_use_certificate(context.get(), options.identity->certificate.get());
    SSL_CTX_use_PrivateKey(context.get(), options.identity->key.get());
  }
  const TestSocket socket(port);
  const SslPtr ssl(SSL_new(context.get()));
  SSL_set_app_data(ssl.get(), &result);
  SSL_set_fd(ssl.get(), socket.fd());
  const std::string offer = static_cast<char>(options.alpn.size()) + options.alpn;
  SSL_set_alpn_protos(ssl.get(), reinterpret_cast<const unsigned char*>(offer.data()),
                      static_cast<unsigned int>(offer.size()));
  if (options.resume != nullptr) SSL_set_session(ssl.get(), options.resume);
  result.connected = SSL_connect(ssl.get()) == 1;
  if (!result.connected) {
    ERR_clear_error();
    return result;
  }
  const std::string_view request = "GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  SSL_write(ssl.get(), request.data(), static_cast<int>(request.size()));
  char buffer[16384];
  for (int got = 0; (got = SSL_read(ssl.get(), buffer, sizeof buffer)) > 0;)
    result.answer.append(buffer, static_cast<std::size_t>(got));
  ERR_clear_error();
  result.resumed = SSL_session_reused(ssl.get()) != 0;
  result.version = SSL_get_version(ssl.get());
  const unsigned char* alpn = nullptr;
  unsigned int alpn_size = 0;
  SSL_get0_alpn_selected(ssl.get(), &alpn, &alpn_size);
  if (alpn != nullptr) result.alpn = as_text({alpn, alpn_size});
  if (X509* peer = SSL_get0_peer_certificate(ssl.get())) result.server_certificate = der_of(peer);
  SSL_shutdown(ssl.get());
  return result;
}

class TlsServerTest : public testing::Test {
 protected:
  TlsServerTest() {
    handler_.on_request = [](Request&& request) {
      std::string text = request.peer->tls_version + ' ' +
                         std::to_string(request.peer->client_chain.size());
      if (!request.peer->client_chain.empty()) text += ' ' + to_hex(request.peer->client_chain[0]);
      return respond(200, "text/plain", text);
    };
    options_.io_threads = 2;
    options_.worker_threads = 1;
    options_.identity = server_certificate_.identity();
    options_.listeners.push_back({.name = "https"});
  }
  void start() {
    auto bound = Server::bind(std::move(options_), handler_);
    ASSERT_TRUE(bound) << bound.error().detail;
    server_ = std::move(*bound);
    ASSERT_TRUE(server_->start());
    port_ = server_->endpoints().front().port;
  }
  TestCertificate server_certificate_{"server"};
  ServerOptions options_;
  TestHandler handler_;
  std::unique_ptr<Server> server_;
  std::uint16_t port_ = 0;
};

TEST_F(TlsServerTest, AKeyThatIsSentIsNotLeftInMemory) {
  if (!memory_can_be_searched()) GTEST_SKIP() << "no memory to search";
  which_secret = 4;
  handler_.on_dispatch = [](const RequestHead&) { return Dispatch{Run::worker, 64 * 1024}; };
  std::atomic<bool> arrived{false};
  handler_.on_request = [&](Request&& request) {
    arrived = holds_secret(request.body_text());
    return respond(200, "text/plain", "");
  };
  start();
  const ContextOwner context(SSL_CTX_new(TLS_client_method()));
  const TestSocket socket(port_);
  const SslPtr ssl(SSL_new(context.get()));
  SSL_set_fd(ssl.get(), socket.fd());
  ASSERT_EQ(SSL_connect(ssl.get()), 1);
  const std::string head =
      "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(kSecretOctets) + "\r\n\r\n";
  SSL_write(ssl.get(), head.data(), static_cast<int>(head.size()));
  std::string secret = make_secret();
  SSL_write(ssl.get(), secret.data(), static_cast<int>(secret.size()));
  wipe(secret);
  char answer[1024];
  EXPECT_GT(SSL_read(ssl.get(), answer, sizeof answer), 0);
  EXPECT_TRUE(arrived);
  EXPECT_TRUE(leaves_memory());  // nor where OpenSSL decrypted it
}

TEST_F(TlsServerTest, Speaks12And13) {
  start();
  for (const auto& [version, name] :
       {std::pair{TLS1_2_VERSION, "TLSv1.2"}, {TLS1_3_VERSION, "TLSv1.3"}}) {
    const TlsExchange done = exchange(port_, {.version = version});
    EXPECT_EQ(done.version, name);
    EXPECT_EQ(done.alpn, "http/1.1");
    EXPECT_EQ(status_of(done.answer), 200);
    EXPECT_TRUE(done.answer.ends_with(std::string("\r\n\r\n") + name + " 0")) << done.answer;
  }
}

TEST_F(TlsServerTest, RefusesOlderVersionsAndOtherProtocols) {
  start();
  EXPECT_FALSE(exchange(port_, {.version = TLS1_1_VERSION}).connected);
  EXPECT_FALSE(exchange(port_, {.alpn = "h2"}).connected);
  TestSocket plain(port_);
  plain.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(plain.read_to_end().find("HTTP/1.1"), std::string::npos);
  EXPECT_EQ(server_->statistics().requests, 0U);
  EXPECT_EQ(settled(*server_, &ServerStatistics::handshakes_failed, 3U), 3U);
}

TEST_F(TlsServerTest, ASilentClientDoesNotKeepItsConnection) {
  options_.limits.handshake_timeout = milliseconds(100);
  start();
  TestSocket silent(port_);
  EXPECT_EQ(silent.read_to_end(), "");
  EXPECT_TRUE(silent.closed_by_peer());
}

TEST_F(TlsServerTest, SessionsResume) {
  start();
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    // Several times: connections go to the I/O threads in turn, and the keys are shared.
    for (int i = 0; i < 3; ++i) {
      const TlsExchange first = exchange(port_, {.version = version});
      EXPECT_FALSE(first.resumed);
      ASSERT_TRUE(first.session);
      const TlsExchange second =
          exchange(port_, {.resume = first.session.get(), .version = version});
      EXPECT_TRUE(second.resumed);
      EXPECT_EQ(status_of(second.answer), 200);
    }
  }
  EXPECT_EQ(settled(*server_, &ServerStatistics::handshakes_resumed, 6U), 6U);
  EXPECT_EQ(settled(*server_, &ServerStatistics::handshakes_full, 6U), 6U);
}

TEST_F(TlsServerTest, TheCertificateChangesWhileRunning) {
  start();
  const TlsExchange before = exchange(port_);
  EXPECT_EQ(before.server_certificate, server_certificate_.der());
  const TestCertificate renewed("renewed");
  ASSERT_TRUE(server_->set_identity(renewed.identity()));
  EXPECT_EQ(exchange(port_).server_certificate, renewed.der());
  EXPECT_TRUE(exchange(port_, {.resume = before.session.get()}).resumed);
  // A pair that does not fit changes nothing.
  TlsIdentity wrong = renewed.identity();
  wrong.chain = {server_certificate_.der()};
  EXPECT_EQ(server_->set_identity(wrong).error().code, Errc::invalid);
  EXPECT_EQ(exchange(port_).server_certificate, renewed.der());
}

TEST_F(TlsServerTest, AnOpenConnectionOutlivesTheOldCertificate) {
  start();
  const ContextOwner context(SSL_CTX_new(TLS_client_method()));
  const TestSocket socket(port_);
  const SslPtr ssl(SSL_new(context.get()));
  SSL_set_fd(ssl.get(), socket.fd());
  ASSERT_EQ(SSL_connect(ssl.get()), 1);
  for (int i = 0; i < 2; ++i) {
    const std::string_view request = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n";
    SSL_write(ssl.get(), request.data(), static_cast<int>(request.size()));
    char buffer[1'024];
    EXPECT_GT(SSL_read(ssl.get(), buffer, sizeof buffer), 0);
    ASSERT_TRUE(server_->set_identity(TestCertificate("renewed").identity()));
  }
}

TEST_F(TlsServerTest, ClientCertificatesAreOptionalButMustVerify) {
  const TestCertificate ca("client ca");
  const TestCertificate known("known", &ca, "clientAuth");
  const TestCertificate for_servers("for servers", &ca, "serverAuth");
  const TestCertificate stranger("stranger");
  options_.client_ca_der = {ca.der()};
  start();
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const TlsExchange with = exchange(port_, {.identity = &known, .version = version});
    EXPECT_TRUE(with.answer.ends_with(" 1 " + to_hex(known.der()))) << with.answer;
    EXPECT_TRUE(exchange(port_, {.version = version}).answer.ends_with(" 0"));
    EXPECT_EQ(exchange(port_, {.identity = &stranger, .version = version}).answer, "");
    EXPECT_EQ(exchange(port_, {.identity = &for_servers, .version = version}).answer, "");
    // The certificate is known on a resumed session too, without being sent again.
    const TlsExchange again = exchange(port_, {.resume = with.session.get(), .version = version});
    EXPECT_TRUE(again.resumed);
    EXPECT_TRUE(again.answer.ends_with(" 1 " + to_hex(known.der()))) << again.answer;
  }
}

TEST_F(TlsServerTest, SessionsEndWithTheirClientCa) {
  const TestCertificate old_ca("old ca");
  const TestCertificate new_ca("new ca");
  const TestCertificate old_client("old", &old_ca);
  const TestCertificate new_client("new", &new_ca);
  options_.client_ca_der = {old_ca.der()};
  start();
  const TlsExchange before = exchange(port_, {.identity = &old_client});
  ASSERT_TRUE(before.session);
  EXPECT_EQ(exchange(port_, {.identity = &new_client}).answer, "");
  ASSERT_TRUE(server_->set_client_cas({new_ca.der()}));
  EXPECT_EQ(exchange(port_, {.identity = &old_client}).answer, "");
  const TlsExchange resumed = exchange(port_, {.resume = before.session.get()});
  EXPECT_FALSE(resumed.resumed);
  EXPECT_TRUE(resumed.answer.ends_with(" 0"));
  EXPECT_TRUE(
      exchange(port_, {.identity = &new_client}).answer.ends_with(to_hex(new_client.der())));
}

TEST_F(TlsServerTest, LargeAnswersArriveWhole) {
  const auto huge = std::make_shared<const Bytes>(2'000'000, std::uint8_t{'x'});
  handler_.on_request = [&](Request&&) { return respond(200, "a/b", Body(huge)); };
  start();
  const TlsExchange done = exchange(port_);
  EXPECT_EQ(done.answer.size() - done.answer.find("\r\n\r\n") - 4, huge->size());
}

TEST(TlsIdentityFromPem, ReadsChainAndKey) {
  const TestCertificate ca("ca");
  const TestCertificate leaf("leaf", &ca);
  const std::unique_ptr<BIO, OpensslFree<BIO_free_all>> chain(BIO_new(BIO_s_mem()));
  const std::unique_ptr<BIO, OpensslFree<BIO_free_all>> key(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(chain.get(), leaf.certificate.get());
  PEM_write_bio_X509(chain.get(), ca.certificate.get());
  PEM_write_bio_PrivateKey(key.get(), leaf.key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  const auto text = [](BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    return std::string(data, static_cast<std::size_t>(size));
  };
  const auto identity = tls_identity_from_pem(text(chain.get()), as_bytes(text(key.get()))).value();
  EXPECT_EQ(identity.chain, (std::vector<Bytes>{leaf.der(), ca.der()}));
  EXPECT_TRUE(
      std::ranges::equal(identity.private_key.reveal(), leaf.identity().private_key.reveal()));
  EXPECT_FALSE(tls_identity_from_pem("", as_bytes(text(key.get()))));
  EXPECT_FALSE(tls_identity_from_pem(text(chain.get()), {}));
}

// A ticket's life, with the clock in hand.
TEST(TicketKeys, OpenTicketsForTwelveHoursAndNotForEver) {
  using std::chrono::hours;
  auto now = std::chrono::steady_clock::now();
  TicketKeys keys([&] { return now; });
  const auto seal = [&](std::array<unsigned char, 16>& name) {
    const std::unique_ptr<EVP_CIPHER_CTX, OpensslFree<EVP_CIPHER_CTX_free>> cipher(
        EVP_CIPHER_CTX_new());
    const std::unique_ptr<EVP_MAC, OpensslFree<EVP_MAC_free>> hmac(
        EVP_MAC_fetch(nullptr, "HMAC", nullptr));
    const std::unique_ptr<EVP_MAC_CTX, OpensslFree<EVP_MAC_CTX_free>> mac(
        EVP_MAC_CTX_new(hmac.get()));
    unsigned char iv[16];
    EXPECT_EQ(keys.protect(name.data(), iv, cipher.get(), mac.get()), 1);
  };
  const auto open = [&](const std::array<unsigned char, 16>& name) {
    const std::unique_ptr<EVP_CIPHER_CTX, OpensslFree<EVP_CIPHER_CTX_free>> cipher(
        EVP_CIPHER_CTX_new());
    const std::unique_ptr<EVP_MAC, OpensslFree<EVP_MAC_free>> hmac(
        EVP_MAC_fetch(nullptr, "HMAC", nullptr));
    const std::unique_ptr<EVP_MAC_CTX, OpensslFree<EVP_MAC_CTX_free>> mac(
        EVP_MAC_CTX_new(hmac.get()));
    const unsigned char iv[16] = {};
    return keys.open(name.data(), iv, cipher.get(), mac.get());
  };
  std::array<unsigned char, 16> first{};
  std::array<unsigned char, 16> other{};
  seal(first);
  EXPECT_EQ(open(first), 1);
  EXPECT_EQ(open(other), 0);
  now += hours(6);
  seal(other);
  EXPECT_NE(first, other);
  EXPECT_EQ(open(first), 2) << "good, and to be renewed";
  now += hours(6);
  EXPECT_EQ(open(first), 2);
  now += hours(6);
  EXPECT_EQ(open(first), 0);
  EXPECT_EQ(open(other), 2);
  now += hours(18);  // nobody came for so long that all are stale
  EXPECT_EQ(open(other), 0);
  seal(first);
  keys.forget_all();
  EXPECT_EQ(open(first), 0);
}

}  // namespace
}  // namespace certwright::http
