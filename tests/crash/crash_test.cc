// certwright_crash_test [KILLS]: a child issues on the embedded store and dies: at each failpoint (every
// step of the path, before and after, the first time and in full load), then at KILLS random moments.
// After each death, what is left is held against the child's own lists (DESIGN invariants 1 to 3):
//   every acknowledged certificate is there, parses and verifies; no serial twice; every signature has
//   its reservation with the same TBSCertificate and its CERTIFICATE_INTENT; unfinished intents are
//   accounted for once; the audit log verifies, exported, by its public key alone.
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <random>
#include <sstream>

#include <sys/wait.h>
#include <unistd.h>

#include "audit/checkpointer.h"
#include "audit/export.h"
#include "audit/verify.h"
#include "crash_child.h"
#include "crypto/digest.h"
#include "crypto/verifying.h"
#include "json/value.h"
#include "store/sqlite/sqlite_store.h"

namespace certwright::crash {
namespace {

constexpr unsigned kThreads = 6;

class Parent {
 public:
  explicit Parent(std::string program) : program_(std::move(program)) {
    char name[] = "/tmp/certwright-crash-XXXXXX";
    if (::mkdtemp(name) == nullptr) give_up("no temporary folder");
    folder_.path = name;
    const auto kek = keys::KeyEncryptionKey::generate(random_);
    std::ofstream(folder_.key_encryption_key()) << to_hex(kek.secret().reveal());
    const auto sqlite = must(store::SqliteStore::open(folder_.database()));
    Rooms rooms(*sqlite, folder_);
    rooms.create_cas();
    audit_key_ = must(crypto::PrivateKey::generate(*must(crypto::find_key_algorithm("ed25519"))));
  }
  ~Parent() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_.path, ignored);
  }
  Parent(const Parent&) = delete;
  Parent& operator=(const Parent&) = delete;

  // True if the child died by the kill that was meant for it, and nothing is wrong with what it left.
  bool run(const std::string& what, const std::string& failpoint, std::chrono::milliseconds kill_after) {
    problems_.clear();
    if (!run_one(failpoint, kill_after)) problem("the child was not killed: the failpoint was not reached");
    check();
    std::printf("%s %s: %zu signed, %zu acknowledged, %zu abandoned\n", problems_.empty() ? "ok    " : "FAILED",
                what.c_str(), read_list(folder_.signed_list()).size(), read_list(folder_.acknowledged_list()).size(),
                abandoned_);
    for (std::size_t i = 0; i < problems_.size() && i < 10; ++i) std::printf("       %s\n", problems_[i].c_str());
    std::fflush(stdout);
    return problems_.empty();
  }

 private:
  void problem(std::string text) { problems_.push_back(std::move(text)); }

  bool run_one(const std::string& failpoint, std::chrono::milliseconds kill_after) {
    const pid_t child = ::fork();
    if (child < 0) give_up("fork failed");
    if (child == 0) {
      ::setenv("CERTWRIGHT_CRASH_AT", failpoint.c_str(), 1);
      ::execl(program_.c_str(), program_.c_str(), "--child", folder_.path.c_str(), nullptr);
      ::_exit(127);
    }
    if (kill_after.count() > 0) {
      ::usleep(static_cast<useconds_t>(kill_after.count() * 1000));
      ::kill(child, SIGKILL);
    }
    int status = 0;
    if (::waitpid(child, &status, 0) != child) give_up("waitpid failed");
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
  }

  void check() {
    const auto sqlite = must(store::SqliteStore::open(folder_.database(), {.lock_wait_ms = 5000}));
    Rooms rooms(*sqlite, folder_);
    rooms.load();
    must(rooms.issuance.account_for_unfinished_intents());
    if (must(rooms.issuance.account_for_unfinished_intents()) != 0) problem("intents are accounted for twice");
    check_acknowledged(rooms);
    check_log(rooms);
  }

  void check_acknowledged(Rooms& rooms) {
    const auto issuing = rooms.cas.find("issuing");
    std::set<std::string> seen;
    for (const auto& hex : read_list(folder_.acknowledged_list())) {
      if (!seen.insert(hex).second) problem(hex + ": acknowledged twice");
      const auto stored = must(rooms.store.find_certificate(must(x509::SerialNumber::from_text("0x" + hex))));
      if (!stored) {
        problem(hex + ": acknowledged, and not there");
        continue;
      }
      const auto certificate = x509::Certificate::parse(stored->certificate.der);
      if (!certificate) problem(hex + ": does not parse");
      else if (!crypto::verify(issuing->certificate().subject_public_key_info_tlv(),
                               certificate->signature_algorithm_tlv(), certificate->tbs_tlv(),
                               certificate->signature_value()))
        problem(hex + ": does not verify");
      if (!must(rooms.store.find_managed_key(stored->certificate.id))) problem(hex + ": its key is gone");
    }
  }

  // Reads the whole log: what each serial's story is, and that every signature has its intent.
  void check_log(Rooms& rooms) {
    std::map<std::string, std::string> intents;  // serial -> TBS hash
    std::map<std::string, std::string> ends;     // serial -> event
    std::set<std::string> intended;              // TBS hashes
    abandoned_ = 0;
    for (std::uint64_t from = 0;;) {
      const auto leaves = must(rooms.store.audit_leaves(from, 10'000));
      if (leaves.empty()) break;
      from += leaves.size();
      for (const auto& leaf : leaves) read_record(must(json::parse(as_text(leaf.record))), intents, ends, intended);
    }
    for (const auto& [serial, tbs_sha256] : intents) {
      if (!ends.contains(serial)) problem(serial + ": an intent without an end");
      const auto id = must(x509::SerialNumber::from_text("0x" + serial)).id();
      const auto reservation = must(rooms.store.find_reservation(id.value_or(0)));
      if (!reservation || to_hex(reservation->tbs_sha256) != tbs_sha256)
        problem(serial + ": no reservation for the intent's TBSCertificate");
      const bool there = must(rooms.store.find_certificate(id.value_or(0))).has_value();
      if (ends.contains(serial) && there == (ends[serial] == "INTENT_ABANDONED"))
        problem(serial + ": " + ends[serial] + (there ? ", and its certificate is there" : ", and it is not there"));
    }
    for (const auto& tbs_sha256 : read_list(folder_.signed_list()))
      if (!intended.contains(tbs_sha256)) problem(tbs_sha256 + ": signed without an intent");
    for (const auto& hex : read_list(folder_.acknowledged_list()))
      if (ends[hex] != "CERTIFICATE_ISSUED") problem(hex + ": acknowledged, and the log does not say so");
    check_export(rooms);
  }

  void read_record(const json::Value& record, std::map<std::string, std::string>& intents,
                   std::map<std::string, std::string>& ends, std::set<std::string>& intended) {
    const auto text = [](const json::Value* at, std::string_view member) {
      const json::Value* value = at != nullptr ? at->find(member) : nullptr;
      return value != nullptr && value->if_string() != nullptr ? *value->if_string() : std::string();
    };
    const std::string event = text(&record, "event");
    const auto* fields = record.find("fields");
    const std::string serial = text(fields, "serial");
    if (event == "CERTIFICATE_INTENT") {
      if (!intents.emplace(serial, text(fields, "tbs_sha256")).second) problem(serial + ": used twice");
      intended.insert(text(fields, "tbs_sha256"));
    } else if (event == "CERTIFICATE_ISSUED" || event == "INTENT_ABANDONED") {
      if (!intents.contains(serial)) problem(serial + ": " + event + " before its intent");
      if (!ends.emplace(serial, event).second) problem(serial + ": ended twice");
      if (event == "INTENT_ABANDONED") ++abandoned_;
    }
  }

  void check_export(Rooms& rooms) {
    const auto signer = must(audit::make_checkpoint_signer("crash/audit", *audit_key_));
    audit::CheckpointerOptions options;
    options.holder = "parent";
    audit::Checkpointer checkpointer(rooms.store, *signer, rooms.clock, options);
    must(checkpointer.run_once());
    const auto key = audit::CheckpointKey::of(*signer);
    std::stringstream file;
    must(audit::export_log(rooms.store, key, {}, [&](std::string_view chunk) -> Result<void> {
      file << chunk;
      return {};
    }));
    const auto report = audit::verify_export(file, key);
    if (!report.ok()) problem("the export does not verify: " + report.problem->text);
    else if (report.records != must(rooms.store.audit_size())) problem("the export does not have every record");
  }

  const std::string program_;
  Folder folder_;
  crypto::SystemRandom random_;
  std::optional<crypto::PrivateKey> audit_key_;
  std::vector<std::string> problems_;
  std::size_t abandoned_ = 0;
};

int run_parent(const std::string& program, int kills) {
  Parent parent(program);
  int passed = 0, failed = 0;
  const auto count = [&](bool good) { ++(good ? passed : failed); };
  for (const char* step : {"intent", "sign", "record", "acknowledge"})
    for (const bool before : {true, false})
      for (const int nth : {1, 40}) {
        const Failpoint failpoint{.step = step, .before = before, .nth = nth};
        count(parent.run(failpoint.text(), failpoint.text(), {}));
      }
  std::random_device device;
  const auto seed = device();
  std::printf("seed %u\n", seed);
  std::mt19937 random(seed);
  for (int i = 1; i <= kills; ++i) {
    const std::chrono::milliseconds after(20 + random() % 400);
    count(parent.run("kill " + std::to_string(i) + " after " + std::to_string(after.count()) + " ms", "", after));
  }
  std::printf("%d passed, %d failed\n", passed, failed);
  return failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace certwright::crash

int main(int argc, char** argv) {
  using namespace certwright::crash;
  if (argc == 3 && std::string(argv[1]) == "--child") {
    const char* failpoint = std::getenv("CERTWRIGHT_CRASH_AT");
    return run_child({argv[2]}, Failpoint::parse(failpoint != nullptr ? failpoint : ""), kThreads, 100'000);
  }
  return run_parent("/proc/self/exe", argc > 1 ? std::atoi(argv[1]) : 20);
}
