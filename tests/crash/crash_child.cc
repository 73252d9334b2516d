#include "crash_child.h"

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <thread>

#include <unistd.h>

#include "crypto/digest.h"
#include "keys/key_encryption_key.h"
#include "registration/profile_publisher.h"
#include "signer/testing_forwarding_signer.h"
#include "store/sqlite/sqlite_store.h"
#include "store/testing_forwarding_store.h"

namespace certwright::crash {
namespace {

constexpr Seconds kYear = std::chrono::hours(24 * 365);

[[noreturn]] void die() {
  ::kill(::getpid(), SIGKILL);
  for (;;) ::pause();
}

// Counts how often each step is reached and dies where the failpoint says.
class Reaper {
 public:
  explicit Reaper(Failpoint failpoint) : failpoint_(std::move(failpoint)) {}
  int arrive(std::string_view step) {
    if (step != failpoint_.step) return 0;
    const int nth = ++arrived_;
    if (failpoint_.before && nth == failpoint_.nth) die();
    return nth;
  }
  void leave(std::string_view step, int nth) {
    if (step == failpoint_.step && !failpoint_.before && nth == failpoint_.nth) die();
  }

 private:
  const Failpoint failpoint_;
  std::atomic<int> arrived_{0};
};

class DyingStore : public store::testing::ForwardingStore {
 public:
  DyingStore(store::Store& to, Reaper& reaper) : ForwardingStore(to), reaper_(reaper) {}
  Result<void> apply(const store::Transaction& transaction) override {
    const std::string_view step = step_of(transaction);
    const int nth = reaper_.arrive(step);
    auto result = to().apply(transaction);
    reaper_.leave(step, nth);
    return result;
  }

 private:
  static std::string_view step_of(const store::Transaction& transaction) {
    for (const auto& command : transaction) {
      if (std::holds_alternative<store::ReserveSerial>(command)) return "intent";
      if (std::holds_alternative<store::RecordCertificate>(command)) return "record";
    }
    return "other";
  }
  Reaper& reaper_;
};

// What it signed is on its own list, on disk, before anybody has the signature.
class ListingSigner : public signer::testing::ForwardingSigner {
 public:
  ListingSigner(std::shared_ptr<signer::Signer> with, DurableList& list, Reaper& reaper)
      : ForwardingSigner(std::move(with)), list_(list), reaper_(reaper) {}
  using ForwardingSigner::sign;
  Result<Bytes> sign(signer::PreparedCertificate prepared) override {
    const int nth = reaper_.arrive("sign");
    const std::string tbs_sha256 = to_hex(crypto::sha256(prepared.tlv()));
    auto signature = ForwardingSigner::sign(std::move(prepared));
    list_.append(tbs_sha256);
    reaper_.leave("sign", nth);
    return signature;
  }

 private:
  DurableList& list_;
  Reaper& reaper_;
};

// Hands the key of a loaded CA on, for a wrapper: the directory keeps the CA and with it the signer.
std::shared_ptr<signer::Signer> signer_of(const ca::CaPtr& ca) { return {ca, ca->signer()}; }

keys::KeyEncryptionKey load_kek(const Folder& folder) {
  std::ifstream file(folder.key_encryption_key());
  std::string hex;
  file >> hex;
  return must(keys::KeyEncryptionKey::create(SecretBytes::copy_of(must(from_hex(hex)))));
}

audit::Actor actor() { return {.principal = "crash", .tenant = "default", .door = "test", .remote = ""}; }

authority::NewCa new_ca(std::string id, std::vector<std::string> profiles, Seconds validity) {
  ca::CaPolicy policy;
  policy.profiles = std::move(profiles);
  return {.id = id, .name = id, .subject = "CN=" + id, .key_algorithm = "ecdsa-p256", .signature_algorithm = {},
          .validity = validity, .policy = std::move(policy)};
}

}  // namespace

Failpoint Failpoint::parse(const std::string& text) {
  if (text.empty()) return {};
  const auto first = text.find(':'), second = text.rfind(':');
  if (first == std::string::npos || first == second) give_up("a failpoint is STEP:before|after:N, got " + text);
  return {.step = text.substr(0, first),
          .before = text.substr(first + 1, second - first - 1) == "before",
          .nth = std::atoi(text.c_str() + second + 1)};
}

Rooms::Rooms(store::Store& on, const Folder& folder)
    : store(on),
      sealer(load_kek(folder), random),
      journal(store, clock),
      profiles(store),
      registration(store, cas, profiles, clock),
      issuance({.registration = registration, .store = store, .journal = journal, .sealer = sealer,
                .random = random, .clock = clock}),
      authority({.store = store, .journal = journal, .sealer = sealer, .cas = cas, .profiles = profiles,
                 .issuance = issuance, .random = random, .clock = clock}) {}

void Rooms::load() {
  must(profiles.reload());
  must(authority.load());
}

void Rooms::create_cas() {
  must(registration::ProfilePublisher(store, journal, profiles, clock).publish_shipped(actor()));
  must(authority.create_root(new_ca("root", {"intermediate-ca"}, 10 * kYear), actor()));
  const access::Principal system{.id = "system", .name = "system", .tenant = "system", .email = {}, .bindings = {}};
  must(authority.create_subordinate(new_ca("issuing", {"tls-server"}, 5 * kYear), "root", system, actor()));
}

registration::IssuanceRequest Rooms::request(unsigned thread, unsigned n) const {
  registration::IssuanceRequest request;
  request.principal = {.id = "crash", .name = "crash", .tenant = "default", .email = {},
                       .bindings = {{access::Role::issuer, "default", ""}}};
  request.actor = actor();
  request.profile = "tls-server";
  request.entity_type = "backend";
  request.entity_id = "host-" + std::to_string(thread) + "-" + std::to_string(n);
  request.names = {must(x509::GeneralName::dns(request.entity_id + ".example"))};
  if (n % 2 == 0) request.idempotency_key = std::to_string(::getpid()) + "-" + request.entity_id;
  return request;
}

int run_child(const Folder& folder, const Failpoint& failpoint, unsigned threads, unsigned issues_at_most) {
  const auto sqlite = must(store::SqliteStore::open(folder.database(), {.lock_wait_ms = 5000}));
  Reaper reaper(failpoint);
  DyingStore dying(*sqlite, reaper);
  DurableList signed_list(folder.signed_list()), acknowledged(folder.acknowledged_list());
  Rooms rooms(dying, folder);
  rooms.load();
  const auto issuing = rooms.cas.find("issuing");
  rooms.cas.put(must(ca::CertificationAuthority::create(
      issuing->record(), std::make_shared<ListingSigner>(signer_of(issuing), signed_list, reaper))));
  must(rooms.issuance.account_for_unfinished_intents());

  std::atomic<unsigned> issued{0};
  std::vector<std::thread> workers;
  for (unsigned t = 0; t < threads; ++t)
    workers.emplace_back([&, t] {
      for (unsigned n = 0; issued.fetch_add(1) < issues_at_most; ++n) {
        const auto result = must(rooms.issuance.issue(rooms.request(t, n)));
        const int nth = reaper.arrive("acknowledge");
        acknowledged.append(result.certificate.serial.hex());
        reaper.leave("acknowledge", nth);
      }
    });
  for (auto& worker : workers) worker.join();
  return 0;
}

}  // namespace certwright::crash
