#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "errors/result.h"
#include "store/store.h"

namespace certwright::notification {

// Of one event and role: so many of the installation ("*"), and so many of the tenant, whose administrator
// makes as many as it likes. The first by their ids.
inline constexpr std::size_t kMostRecipients = 100;

using Principals = std::vector<store::PrincipalRecord>;

// Whose approval of a request counts.
struct Deciders {
  std::vector<std::string> named{};  // only these; empty: whoever has the role
  bool of_installation = false;      // only those who have the role in every tenant
  std::function<Result<bool>(std::string_view principal)> counts{};  // of those; empty: all of them
};

// Who is to be told: enabled principals of enabled tenants, each once.
class Recipients {
 public:
  explicit Recipients(const store::Store& store) : store_(store) {}

  // Those who may decide about requests of this tenant for this CA.
  Result<Principals> officers(std::string_view tenant, std::string_view ca) const {
    return holders("approver", tenant, ca, {});
  }
  // Of those the ones who count; where they are fewer than `needed`, the administrators who do as well.
  Result<Principals> deciders(std::string_view tenant, std::string_view ca, std::size_t needed,
                              const Deciders& who) const;
  // Of a tenant; of "*": of the installation.
  Result<Principals> administrators(std::string_view tenant) const { return holders("admin", tenant, "", {}); }
  // Empty if there is none of that id, or it is disabled.
  Result<Principals> principal(std::string_view id) const;
  // May anybody and anything of this tenant be told? "*" always.
  Result<bool> is_enabled(std::string_view tenant) const;

 private:
  // Bindings for all tenants and for the tenant; of those, for the CA and for all CAs.
  Result<Principals> holders(std::string_view role, std::string_view tenant, std::string_view ca,
                             const Deciders& who) const;
  // Those of `ids` who count, at most `most`, that are not in `to` yet.
  template <class Ids>
  Result<void> add(Principals& to, const Ids& ids, const Deciders& who, std::size_t most) const;
  const store::Store& store_;
};

// Those of `more` that are not in `to` yet.
void add_missing(Principals& to, Principals more);

}  // namespace certwright::notification
