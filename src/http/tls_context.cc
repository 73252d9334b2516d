#include "http/tls_context.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <limits>
#include <utility>

#include <fmt/format.h>

namespace certwright::http {
namespace {

using X509Ptr = std::unique_ptr<X509, OpensslFree<X509_free>>;
using PkeyPtr = std::unique_ptr<EVP_PKEY, OpensslFree<EVP_PKEY_free>>;
using BioPtr = std::unique_ptr<BIO, OpensslFree<BIO_free_all>>;
using Pkcs8Ptr = std::unique_ptr<PKCS8_PRIV_KEY_INFO, OpensslFree<PKCS8_PRIV_KEY_INFO_free>>;

// Says what failed, with OpenSSL's reason, and empties its queue.
tl::unexpected<Error> tls_failure(Errc code, std::string_view what) {
  const unsigned long reason = ERR_peek_last_error();
  const char* text = reason == 0 ? nullptr : ERR_reason_error_string(reason);
  std::string detail = text == nullptr ? std::string(what) : fmt::format("{}: {}", what, text);
  ERR_clear_error();
  return fail(code, std::move(detail));
}

Result<X509Ptr> read_certificate(const Bytes& der) {
  const unsigned char* at = der.data();
  if (der.size() > static_cast<std::size_t>(std::numeric_limits<long>::max())) {
    return fail(Errc::invalid, "a certificate is far too large");
  }
  X509Ptr certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  if (!certificate || at != der.data() + der.size()) {
    return tls_failure(Errc::invalid, "a certificate is not valid DER");
  }
  return certificate;
}

Result<PkeyPtr> read_private_key(ByteView pkcs8) {
  const unsigned char* at = pkcs8.data();
  const Pkcs8Ptr info(
      d2i_PKCS8_PRIV_KEY_INFO(nullptr, &at, static_cast<long>(pkcs8.size())));
  PkeyPtr key(info ? EVP_PKCS82PKEY(info.get()) : nullptr);
  if (!key) return tls_failure(Errc::invalid, "the TLS key is not PKCS#8");
  return key;
}

Result<void> use_identity(SSL_CTX* context, const TlsIdentity& identity) {
  if (identity.chain.empty()) return fail(Errc::invalid, "the TLS certificate chain is empty");
  CERTWRIGHT_TRY(const X509Ptr leaf, read_certificate(identity.chain.front()));
  if (SSL_CTX_use_certificate(context, leaf.get()) != 1) {
    return tls_failure(Errc::invalid, "the TLS certificate cannot be used");
  }
  for (std::size_t i = 1; i < identity.chain.size(); ++i) {
    CERTWRIGHT_TRY(const X509Ptr issuer, read_certificate(identity.chain[i]));
    if (SSL_CTX_add1_chain_cert(context, issuer.get()) != 1) {
      return tls_failure(Errc::invalid, "the TLS certificate chain cannot be used");
    }
  }
  CERTWRIGHT_TRY(const PkeyPtr key, read_private_key(identity.private_key.reveal()));
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 || SSL_CTX_check_private_key(context) != 1) {
    return tls_failure(Errc::invalid, "the TLS key does not belong to the TLS certificate");
  }
  return {};
}

// Asks for a certificate; none is fine, one that does not verify ends the handshake.
Result<void> ask_clients(SSL_CTX* context, const std::vector<Bytes>& client_ca_der) {
  constexpr int kMaxChainDepth = 5;
  X509_STORE* store = SSL_CTX_get_cert_store(context);  // not owned
  for (const Bytes& der : client_ca_der) {
    CERTWRIGHT_TRY(const X509Ptr ca, read_certificate(der));
    if (X509_STORE_add_cert(store, ca.get()) != 1 ||
        SSL_CTX_add_client_CA(context, ca.get()) != 1) {
      return tls_failure(Errc::invalid, "a client CA cannot be used");
    }
  }
  // An issuing CA is an anchor by itself: the root need not be listed.
  X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
  SSL_CTX_set_verify_depth(context, kMaxChainDepth);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  return {};
}

extern "C" int certwright_select_alpn(SSL*, const unsigned char** out, unsigned char* out_length,
                                      const unsigned char* in, unsigned int in_length,
                                      void*) noexcept {
  constexpr std::string_view kHttp11 = "http/1.1";
  std::string_view offers = as_text({in, in_length});
  while (!offers.empty()) {
    const auto size = static_cast<std::size_t>(static_cast<unsigned char>(offers.front()));
    const std::string_view offer = offers.substr(1, size);
    if (offer == kHttp11) {
      *out = reinterpret_cast<const unsigned char*>(offer.data());
      *out_length = static_cast<unsigned char>(offer.size());
      return SSL_TLSEXT_ERR_OK;
    }
    offers.remove_prefix(std::min(offers.size(), size + 1));
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;  // RFC 7301 section 3.2: no_application_protocol
}

extern "C" int certwright_ticket_key(SSL* ssl, unsigned char* key_name, unsigned char* iv,
                                     EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
                                     int encrypt) noexcept {
  auto* keys = static_cast<TicketKeys*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  return encrypt != 0 ? keys->protect(key_name, iv, cipher, mac)
                      : keys->open(key_name, iv, cipher, mac);
}

Result<void> harden(SSL_CTX* context, TicketKeys& tickets) {
  constexpr std::string_view kSessionContext = "certwright";
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
                                   SSL_OP_CLEANSE_PLAINTEXT);  // what was read and taken
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
  SSL_CTX_set_read_ahead(context, 1);
  // Hybrid post-quantum key agreement where the library has it (OpenSSL 3.5).
  const bool groups_set =
      SSL_CTX_set1_groups_list(context, "X25519MLKEM768:X25519:P-256:P-384") == 1 ||
      SSL_CTX_set1_groups_list(context, "X25519:P-256:P-384") == 1;
  if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 || !groups_set ||
      SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20") != 1 ||
      SSL_CTX_set_session_id_context(
          context, reinterpret_cast<const unsigned char*>(kSessionContext.data()),
          static_cast<unsigned int>(kSessionContext.size())) != 1) {
    return tls_failure(Errc::internal, "TLS cannot be set up");
  }
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);  // tickets only
  SSL_CTX_set_timeout(
      context, static_cast<long>(std::chrono::seconds(TicketKeys::kTicketLifetime).count()));
  SSL_CTX_set_num_tickets(context, 1);
  SSL_CTX_set_app_data(context, &tickets);
  SSL_CTX_set_tlsext_ticket_key_evp_cb(context, certwright_ticket_key);
  SSL_CTX_set_alpn_select_cb(context, certwright_select_alpn, nullptr);
  ERR_clear_error();
  return {};
}

}  // namespace

TicketKeys::TicketKeys(Now now)
    : now_(std::move(now)), cipher_(EVP_CIPHER_fetch(nullptr, "AES-256-CBC", nullptr)) {}

TicketKeys::~TicketKeys() { forget_all(); }

void TicketKeys::forget_all() {
  const std::lock_guard guard(lock_);
  for (Key& key : keys_) {
    OPENSSL_cleanse(key.cipher.data(), key.cipher.size());
    OPENSSL_cleanse(key.mac.data(), key.mac.size());
    key.valid = false;
  }
}

bool TicketKeys::rotate_if_due() noexcept {
  const auto now = now_();
  if (keys_[0].valid && now - newest_made_ < kRotation) return true;
  Key fresh;
  if (RAND_bytes(fresh.name.data(), static_cast<int>(fresh.name.size())) != 1 ||
      RAND_priv_bytes(fresh.cipher.data(), static_cast<int>(fresh.cipher.size())) != 1 ||
      RAND_priv_bytes(fresh.mac.data(), static_cast<int>(fresh.mac.size())) != 1) {
    return keys_[0].valid;
  }
  fresh.valid = true;
  // After a long silence the older keys are too old as well.
  const bool all_expired = keys_[0].valid && now - newest_made_ >= kRotation + kTicketLifetime;
  keys_[2] = keys_[1];
  keys_[1] = keys_[0];
  keys_[0] = fresh;
  if (all_expired) keys_[1].valid = keys_[2].valid = false;
  newest_made_ = now;
  OPENSSL_cleanse(&fresh, sizeof fresh);
  return true;
}

bool TicketKeys::use(const Key& key, const unsigned char* iv, EVP_CIPHER_CTX* cipher,
                     EVP_MAC_CTX* mac, int encrypt) noexcept {
  char digest[] = "SHA256";
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end()};
  return cipher_ != nullptr &&
         EVP_MAC_init(mac, key.mac.data(), key.mac.size(), params) == 1 &&
         EVP_CipherInit_ex(cipher, cipher_.get(), nullptr, key.cipher.data(), iv, encrypt) == 1;
}

int TicketKeys::protect(unsigned char* key_name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                        EVP_MAC_CTX* mac) noexcept {
  constexpr int kIvOctets = 16;
  const std::lock_guard guard(lock_);
  if (!rotate_if_due() || RAND_bytes(iv, kIvOctets) != 1) return -1;
  std::ranges::copy(keys_[0].name, key_name);
  return use(keys_[0], iv, cipher, mac, 1) ? 1 : -1;
}

int TicketKeys::open(const unsigned char* key_name, const unsigned char* iv,
                     EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac) noexcept {
  constexpr int kUnknown = 0;  // a full handshake follows
  constexpr int kOpened = 1;
  constexpr int kOpenedRenew = 2;
  const std::lock_guard guard(lock_);
  if (!rotate_if_due()) return kUnknown;
  for (const Key& key : keys_) {
    if (!key.valid || !std::equal(key.name.begin(), key.name.end(), key_name)) continue;
    if (!use(key, iv, cipher, mac, 0)) return -1;
    return &key == keys_.data() ? kOpened : kOpenedRenew;
  }
  return kUnknown;
}

Result<std::shared_ptr<const TlsContext>> TlsContext::make(const TlsIdentity& identity,
                                                           const std::vector<Bytes>& client_ca_der,
                                                           TicketKeys& tickets) {
  std::shared_ptr<TlsContext> made(new TlsContext);
  made->context_.reset(SSL_CTX_new(TLS_server_method()));
  if (!made->context_) return tls_failure(Errc::internal, "TLS cannot be set up");
  CERTWRIGHT_CHECK(harden(made->context_.get(), tickets));
  CERTWRIGHT_CHECK(use_identity(made->context_.get(), identity));
  if (!client_ca_der.empty()) CERTWRIGHT_CHECK(ask_clients(made->context_.get(), client_ca_der));
  return std::shared_ptr<const TlsContext>(std::move(made));
}

SslPtr TlsContext::accept_on(int fd) const {
  SslPtr ssl(SSL_new(context_.get()));
  if (!ssl || SSL_set_fd(ssl.get(), fd) != 1) return nullptr;
  SSL_set_accept_state(ssl.get());
  return ssl;
}

std::vector<Bytes> client_chain_of(const SSL* ssl) {
  std::vector<Bytes> chain;
  const auto add = [&](const X509* certificate) {
    unsigned char* der = nullptr;
    const int size = i2d_X509(certificate, &der);
    if (size > 0) chain.emplace_back(der, der + size);
    OPENSSL_free(der);
  };
  if (const X509* leaf = SSL_get0_peer_certificate(ssl)) add(leaf);
  if (const STACK_OF(X509)* rest = SSL_get_peer_cert_chain(ssl)) {
    for (int i = 0; i < sk_X509_num(rest); ++i) add(sk_X509_value(rest, i));
  }
  return chain;
}

Result<TlsIdentity> tls_identity_from_pem(std::string_view chain_pem, ByteView key_pem) {
  constexpr std::size_t kMaxPemOctets = 256 * 1024;
  if (chain_pem.size() > kMaxPemOctets || key_pem.size() > kMaxPemOctets) {
    return fail(Errc::too_large, "the PEM text is too large");
  }
  TlsIdentity identity;
  const BioPtr chain(BIO_new_mem_buf(chain_pem.data(), static_cast<int>(chain_pem.size())));
  const BioPtr key_text(BIO_new_mem_buf(key_pem.data(), static_cast<int>(key_pem.size())));
  if (!chain || !key_text) return tls_failure(Errc::unavailable, "no memory for PEM");
  while (const X509Ptr certificate{PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr)}) {
    unsigned char* der = nullptr;
    const int size = i2d_X509(certificate.get(), &der);
    if (size > 0) identity.chain.emplace_back(der, der + size);
    OPENSSL_free(der);
  }
  ERR_clear_error();
  if (identity.chain.empty()) return fail(Errc::bad_encoding, "no certificate in the PEM text");
  // A password callback that gives none, or OpenSSL would ask on the terminal.
  const auto no_password = [](char*, int, int, void*) { return -1; };
  const PkeyPtr key(PEM_read_bio_PrivateKey(key_text.get(), nullptr, no_password, nullptr));
  const Pkcs8Ptr info(key ? EVP_PKEY2PKCS8(key.get()) : nullptr);
  unsigned char* der = nullptr;
  const int size = info ? i2d_PKCS8_PRIV_KEY_INFO(info.get(), &der) : 0;
  if (size <= 0) return tls_failure(Errc::bad_encoding, "no usable private key in the PEM text");
  identity.private_key = SecretBytes::copy_of({der, static_cast<std::size_t>(size)});
  OPENSSL_clear_free(der, static_cast<std::size_t>(size));
  return identity;
}

}  // namespace certwright::http
