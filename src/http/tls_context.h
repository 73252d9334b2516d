#pragma once
// Internal to http: TLS 1.2 and 1.3 (RFC 5246, RFC 8446) by OpenSSL.
#include <openssl/evp.h>
#include <openssl/ssl.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "bytes/bytes.h"
#include "errors/result.h"
#include "http/server.h"

namespace certwright::http {

template <auto Free>
struct OpensslFree {
  template <class T>
  void operator()(T* p) const noexcept {
    Free(p);
  }
};
using SslPtr = std::unique_ptr<SSL, OpensslFree<SSL_free>>;

// The keys that session tickets are sealed with (RFC 5077 section 4, RFC 8446 section 4.6.1):
// AES-256-CBC and HMAC-SHA-256. Rotated every six hours; the two before still open tickets, so that
// one is good for at least 12 hours. In memory only. Thread-safe.
class TicketKeys {
 public:
  static constexpr std::chrono::hours kTicketLifetime{12};
  static constexpr std::chrono::hours kRotation{6};
  using Now = std::function<std::chrono::steady_clock::time_point()>;

  explicit TicketKeys(Now now = std::chrono::steady_clock::now);
  ~TicketKeys();
  TicketKeys(const TicketKeys&) = delete;
  TicketKeys& operator=(const TicketKeys&) = delete;

  // OpenSSL's SSL_CTX_set_tlsext_ticket_key_evp_cb contract.
  int protect(unsigned char* key_name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
              EVP_MAC_CTX* mac) noexcept;
  int open(const unsigned char* key_name, const unsigned char* iv, EVP_CIPHER_CTX* cipher,
           EVP_MAC_CTX* mac) noexcept;
  void forget_all();  // tickets given out so far open no session any more

 private:
  static constexpr std::size_t kNameOctets = 16;
  static constexpr std::size_t kKeyOctets = 32;
  struct Key {
    std::array<unsigned char, kNameOctets> name{};
    std::array<unsigned char, kKeyOctets> cipher{}, mac{};
    bool valid = false;
  };
  bool rotate_if_due() noexcept;  // with the lock held; false if there is no randomness
  bool use(const Key& key, const unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
           int encrypt) noexcept;

  Now now_;
  std::unique_ptr<EVP_CIPHER, OpensslFree<EVP_CIPHER_free>> cipher_;
  std::mutex lock_;
  std::array<Key, 3> keys_;  // the newest first
  std::chrono::steady_clock::time_point newest_made_;
};

// What a TLS listener serves with; made anew when the certificate or the client CAs change, while
// open connections keep the one they began with.
class TlsContext {
 public:
  // Client CAs may be empty: then no client is asked. `tickets` must outlive the context.
  // Errors: invalid if chain and key do not fit, or a certificate cannot be read.
  static Result<std::shared_ptr<const TlsContext>> make(const TlsIdentity& identity,
                                                        const std::vector<Bytes>& client_ca_der,
                                                        TicketKeys& tickets);
  // The server's side of a connection on this socket. Null if memory is short.
  SslPtr accept_on(int fd) const;

 private:
  TlsContext() = default;
  std::unique_ptr<SSL_CTX, OpensslFree<SSL_CTX_free>> context_;
};

// The verified certificates of the client, leaf first, as DER.
std::vector<Bytes> client_chain_of(const SSL* ssl);

}  // namespace certwright::http
