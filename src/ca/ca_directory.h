#pragma once
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "ca/certification_authority.h"

namespace certwright::ca {

// The CAs of this server. Readers take snapshots; authority replaces entries. Safe from any thread.
class CaDirectory {
 public:
  // All CAs that have a certificate, in order of creation.
  std::vector<CaPtr> all() const;
  CaPtr find(std::string_view id) const;  // null if there is none
  // The CA an OCSP CertID names; null if none of ours. `hash_oid` is the dotted OID of the hash.
  CaPtr find_by_issuer_hash(std::string_view hash_oid, ByteView name_hash, ByteView key_hash) const;
  // Inserts, or replaces the CA of the same id.
  void put(CaPtr ca);

 private:
  using List = std::vector<CaPtr>;
  std::shared_ptr<const List> snapshot() const;
  mutable std::mutex mutex_;
  std::shared_ptr<const List> list_ = std::make_shared<const List>();
};

}  // namespace certwright::ca
