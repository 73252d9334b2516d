#include "ca/ca_directory.h"

#include <algorithm>

namespace certwright::ca {

std::shared_ptr<const CaDirectory::List> CaDirectory::snapshot() const {
  const std::lock_guard lock(mutex_);
  return list_;
}

std::vector<CaPtr> CaDirectory::all() const { return *snapshot(); }

CaPtr CaDirectory::find(std::string_view id) const {
  const auto list = snapshot();
  const auto found = std::ranges::find(*list, id, [](const CaPtr& ca) -> std::string_view { return ca->id(); });
  return found == list->end() ? nullptr : *found;
}

CaPtr CaDirectory::find_by_issuer_hash(std::string_view hash_oid, ByteView name_hash,
                                       ByteView key_hash) const {
  const bool sha1 = hash_oid == "1.3.14.3.2.26";
  if (!sha1 && hash_oid != "2.16.840.1.101.3.4.2.1") return nullptr;
  const auto list = snapshot();
  const auto found = std::ranges::find_if(*list, [&](const CaPtr& ca) {
    const auto& hash = ca->issuer_hash();
    return sha1 ? std::ranges::equal(hash.sha1_name, name_hash) && std::ranges::equal(hash.sha1_key, key_hash)
                : std::ranges::equal(hash.sha256_name, name_hash) &&
                      std::ranges::equal(hash.sha256_key, key_hash);
  });
  return found == list->end() ? nullptr : *found;
}

void CaDirectory::put(CaPtr ca) {
  const std::lock_guard lock(mutex_);
  auto list = std::make_shared<List>(*list_);
  const auto same = std::ranges::find(*list, ca->id(), [](const CaPtr& other) { return other->id(); });
  if (same == list->end())
    list->push_back(std::move(ca));
  else
    *same = std::move(ca);
  list_ = std::move(list);
}

}  // namespace certwright::ca
