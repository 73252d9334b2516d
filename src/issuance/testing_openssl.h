#pragma once
// For tests: what OpenSSL says of an interception certificate.
#include <string>

#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "issuance/interception.h"

namespace certwright::issuance::testing_openssl {

// As `openssl verify -x509_strict -attime`, and whether the private key is the certificate's.
inline std::string verify_strictly(const InterceptionCertificate& answer, Time at, bool dates = true) {
  const auto read = [](const Bytes& der) {
    const unsigned char* data = der.data();
    return d2i_X509(nullptr, &data, static_cast<long>(der.size()));
  };
  X509* const leaf = read(answer.certificate_der);
  X509* const root = read(answer.issuer_chain_der.back());
  X509_STORE* const trusted = X509_STORE_new();
  X509_STORE_add_cert(trusted, root);
  X509_STORE_CTX* const context = X509_STORE_CTX_new();
  X509_STORE_CTX_init(context, trusted, leaf, nullptr);
  X509_VERIFY_PARAM* const param = X509_STORE_CTX_get0_param(context);
  X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_X509_STRICT | (dates ? 0UL : static_cast<unsigned long>(X509_V_FLAG_NO_CHECK_TIME)));
  if (dates) X509_VERIFY_PARAM_set_time(param, to_unix_s(at));
  X509_STORE_CTX_set_purpose(context, X509_PURPOSE_SSL_SERVER);
  std::string says;
  if (X509_verify_cert(context) != 1) says = X509_verify_cert_error_string(X509_STORE_CTX_get_error(context));
  const unsigned char* key_at = answer.private_key_der.reveal().data();
  EVP_PKEY* const key = d2i_AutoPrivateKey(nullptr, &key_at, static_cast<long>(answer.private_key_der.size()));
  if (key == nullptr || X509_check_private_key(leaf, key) != 1) says += " the key is another's";
  EVP_PKEY_free(key);
  X509_STORE_CTX_free(context);
  X509_STORE_free(trusted);
  X509_free(leaf);
  X509_free(root);
  return says;
}

}  // namespace certwright::issuance::testing_openssl
