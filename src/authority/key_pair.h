#pragma once
// A CA's key in memory, on its way into the store or out of it. Private to this room.
#include "authority/authority.h"
#include "crypto/private_key.h"
#include "signer/software/software_signer.h"

namespace certwright::authority {

struct Authority::KeyPair {
  crypto::PrivateKey key;
  const crypto::SignatureAlgorithm* algorithm;
  std::shared_ptr<signer::Signer> signer;

  static Result<KeyPair> generate(const NewCa& ca);
  static Result<KeyPair> create(crypto::PrivateKey key, const crypto::SignatureAlgorithm& algorithm);
};

Result<void> check_ca_id(std::string_view id);

}  // namespace certwright::authority
