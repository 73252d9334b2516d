#include "daemon/initialise.h"

#include <algorithm>
#include <cstdio>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "cli/waiting.h"
#include "crypto/pkcs12.h"
#include "crypto/secure_memory.h"
#include "daemon/log.h"
#include "daemon/root_key.h"
#include "json/value.h"
#include "profile/duration.h"
#include "registration/profile_publisher.h"
#include "x509/pem.h"

namespace certwright::daemon {
namespace {

constexpr std::size_t kMaxImportOctets = 1024 * 1024;
constexpr std::string_view kRoot = "root";
constexpr std::string_view kIssuing = "issuing";

audit::Actor operator_actor() { return {.principal = "system", .tenant = "system", .door = "init", .remote = ""}; }

ca::CaPolicy root_policy(const InitOptions& options) {
  ca::CaPolicy policy;
  policy.public_url = options.public_url;
  policy.ocsp = false;  // it may go offline, and then nobody answers for it
  policy.crl_period = Seconds(365LL * 86400);
  policy.crl_refresh = Seconds(182LL * 86400);
  policy.profiles = {"intermediate-ca"};
  return policy;
}

ca::CaPolicy issuing_policy(const InitOptions& options) {
  ca::CaPolicy policy;
  policy.public_url = options.public_url;
  policy.crl_shards = options.crl_shards;
  policy.profiles = {"tls-server-client", "tls-server", "tls-client", "code-signing", "email-protection"};
  return policy;
}

Result<authority::NewCa> new_ca(std::string_view id, const CaChoices& choices, ca::CaPolicy policy) {
  const auto lifetime = profile::parse_duration(choices.lifetime);
  if (!lifetime) return fail_field(Errc::invalid, std::string(id) + "-lifetime", "--" + std::string(id) + "-lifetime: " + lifetime.error().detail);
  return authority::NewCa{.id = std::string(id),
                          .name = choices.subject,
                          .subject = choices.subject,
                          .key_algorithm = choices.key_algorithm,
                          .signature_algorithm = choices.signature_algorithm,
                          .validity = *lifetime,
                          .policy = std::move(policy)};
}

// PEM with certificates and a key, or PKCS#12.
Result<authority::ImportedCa> read_import(std::string_view id, const std::filesystem::path& path,
                                          const std::optional<std::filesystem::path>& passphrase_file,
                                          ca::CaPolicy policy) {
  CERTWRIGHT_TRY(auto content, read_file(path, kMaxImportOctets));
  SecretBytes passphrase;
  if (passphrase_file) {
    CERTWRIGHT_TRY(passphrase, read_passphrase(*passphrase_file));
  }
  authority::ImportedCa imported;
  imported.id = std::string(id);
  imported.policy = std::move(policy);
  std::vector<Bytes> certificates;
  if (as_text(content).find("-----BEGIN") == std::string_view::npos) {
    CERTWRIGHT_TRY(auto pkcs12, crypto::import_pkcs12(content, passphrase));
    certificates = std::move(pkcs12.certificates);
    if (pkcs12.key) imported.private_key_pkcs8 = pkcs12.key->pkcs8_der();
  } else {
    CERTWRIGHT_TRY(auto blocks, x509::parse_pem_secret(as_text(content), kMaxImportOctets));
    for (const auto& block : blocks) {
      if (block.label == x509::kPemCertificate) {
        certificates.push_back(to_bytes(block.der.reveal()));
      } else {
        const auto pem = x509::to_pem_secret(block.label, block.der.reveal());
        CERTWRIGHT_TRY(const auto key, crypto::PrivateKey::from_pem(pem, passphrase));
        imported.private_key_pkcs8 = key.pkcs8_der();
      }
    }
  }
  wipe(content);
  if (certificates.empty())
    return fail(Errc::invalid, path.string() + ": there is no certificate in it");
  imported.certificate = std::move(certificates.front());
  imported.issuer_chain.assign(std::make_move_iterator(certificates.begin() + 1),
                               std::make_move_iterator(certificates.end()));
  CERTWRIGHT_TRY(const auto parsed, x509::Certificate::parse(imported.certificate));
  imported.name = parsed.subject().to_text();
  return imported;
}

class Initialisation {
 public:
  Initialisation(const InitOptions& options, Installation& installation)
      : options_(options), in_(installation) {}

  Result<void> run() {
    registration::ProfilePublisher publisher(*in_.store, in_.journal, in_.profiles, in_.clock);
    CERTWRIGHT_CHECK(publisher.publish_shipped(operator_actor()));
    CERTWRIGHT_CHECK(ensure_system_tenant());
    CERTWRIGHT_CHECK(in_.authority.load());
    if (options_.install) CERTWRIGHT_CHECK(install());
    else if (options_.request_out) CERTWRIGHT_CHECK(request());
    else CERTWRIGHT_CHECK(make_cas());
    if (options_.root_key_out) CERTWRIGHT_CHECK(take_root_offline());
    CERTWRIGHT_CHECK(write_public_files(in_));
    CERTWRIGHT_CHECK(bootstrap());
    CERTWRIGHT_CHECK(in_.checkpointer.run_once());
    return {};
  }

  void summarise() {
    if (options_.json) made_.set("state", options_.state.string());
    else fmt::print("Initialised {}\n", options_.state.string());
    if (const auto issuing = in_.cas.find(kIssuing)) {
      const std::string root = (in_.state.ca() / "root.pem").string(), subject = issuing->certificate().subject().to_text();
      say("root", root, "  trust anchor  " + root);
      say("issuing", subject, "  issuing CA    " + subject + " (" + issuing->record().key_algorithm + ")");
      if (!options_.json && options_.public_url.empty())
        fmt::print("  note          without --public-url certificates carry no OCSP, CRL and issuer URLs\n");
      if (!options_.json && std::filesystem::exists(in_.state.root / "kek"))
        fmt::print("  note          all keys are sealed under {}: whoever copies the directory has them; for more than\n"
                   "                trying out, init with a systemd credential certwright.kek or CERTWRIGHT_KEK_PASSPHRASE_FILE\n",
                   (in_.state.root / "kek").string());
      if (!options_.json) fmt::print("Next: certwright serve --state {}\n", options_.state.string());
    }
    if (options_.json) fmt::print("{}\n", json::write(made_));
  }

  Result<void> renew_token() {
    CERTWRIGHT_TRY(const std::string principal, administrator());
    CERTWRIGHT_TRY(const auto created,
                   in_.access_directory.create_token(
                       {.principal = principal,
                        .label = "renewed by init",
                        .expires_at = in_.clock.now() + access::Directory::kBootstrapValidity,
                        .created_by = principal},  // who owns the machine can do what the account can
                       evidence(audit::EventType::credential_created, "credential",
                                {{"principal", principal}, {"kind", "api_token"}, {"label", "renewed by init"}})));
    CERTWRIGHT_CHECK(hand_over(created.text));
    if (options_.json) fmt::print("{}\n", json::write(made_));
    return {};
  }

 private:
  // The first one, or whoever is one now.
  Result<std::string> administrator() {
    CERTWRIGHT_TRY(const auto first, in_.store->find_setting("bootstrap-administrator"));
    CERTWRIGHT_TRY(const auto all, in_.access_directory.administrators());
    if (all.empty())
      return fail(Errc::not_found, "this directory has no administrator yet; run init without --renew-admin-token");
    for (const auto& one : all)
      if (first && one.id == as_text(*first)) return one.id;
    return all.front().id;
  }

  access::Evidence evidence(audit::EventType type, std::string_view id_field,
                            std::vector<std::pair<std::string_view, std::string>> fields) {
    return [this, type, id_field, fields = std::move(fields)](std::string_view id) {
      audit::Event event{.type = type, .actor = operator_actor(), .fields = fields};
      event.fields.insert(event.fields.begin(), {id_field, std::string(id)});
      return store::Transaction{in_.journal.leaf(event)};
    };
  }

  Result<void> ensure_system_tenant() {
    CERTWRIGHT_TRY(const auto tenant, in_.store->find_tenant("system"));
    if (tenant) return {};
    return in_.store->apply({store::PutTenant{{.id = "system", .name = "This server", .disabled = false, .created_at = in_.clock.now()}}});
  }

  Result<void> make_cas() {
    if (in_.cas.find(kRoot) == nullptr && !options_.import_issuing) {
      if (options_.import_root) {
        CERTWRIGHT_TRY(auto imported, read_import(kRoot, *options_.import_root, options_.import_passphrase_file, root_policy(options_)));
        CERTWRIGHT_CHECK(in_.authority.import(std::move(imported), operator_actor()));
      } else {
        CERTWRIGHT_TRY(const auto root, new_ca(kRoot, options_.root, root_policy(options_)));
        const cli::Waiting waiting("making the root CA, " + options_.root.key_algorithm);
        CERTWRIGHT_CHECK(in_.authority.create_root(root, operator_actor()));
      }
    }
    if (in_.cas.find(kIssuing) != nullptr) return {};
    if (options_.import_issuing) {
      CERTWRIGHT_TRY(auto imported, read_import(kIssuing, *options_.import_issuing, options_.import_passphrase_file, issuing_policy(options_)));
      if (imported.private_key_pkcs8.empty())
        return fail_field(Errc::invalid, "import-issuing", "--import-issuing: there is no private key in the file");
      CERTWRIGHT_CHECK(in_.authority.import(std::move(imported), operator_actor()));
      return {};
    }
    CERTWRIGHT_TRY(const auto issuing, new_ca(kIssuing, options_.issuing, issuing_policy(options_)));
    const cli::Waiting waiting("making the issuing CA, " + options_.issuing.key_algorithm);
    CERTWRIGHT_CHECK(in_.authority.create_subordinate(issuing, kRoot, system_principal(), operator_actor()));
    // Relying parties must find the root's CRL from the first day on.
    CERTWRIGHT_CHECK(in_.crls.current(kRoot, 0));
    return {};
  }

  Result<void> request() {
    CERTWRIGHT_TRY(const auto issuing, new_ca(kIssuing, options_.issuing, issuing_policy(options_)));
    const cli::Waiting waiting("making the issuing CA's key, " + options_.issuing.key_algorithm);
    auto pem = in_.authority.create_request(issuing, operator_actor());
    if (!pem && pem.error().code == Errc::conflict) pem = in_.authority.export_request(kIssuing, operator_actor());
    if (!pem) return tl::unexpected(pem.error());
    CERTWRIGHT_CHECK(write_file(*options_.request_out, as_bytes(*pem), 0644));
    say("certification_request", options_.request_out->string(),
        fmt::format("Certification request for the issuing CA: {}\n"
                    "Have it signed (CA:TRUE, keyCertSign, cRLSign), then: certwright init --state {} --install ANSWER.pem",
                    options_.request_out->string(), in_.state.root.string()));
    return {};
  }

  Result<void> install() {
    CERTWRIGHT_TRY(const auto content, read_file(*options_.install, kMaxImportOctets));
    CERTWRIGHT_TRY(const auto blocks, x509::parse_pem(as_text(content), kMaxImportOctets));
    std::vector<Bytes> chain;
    for (const auto& block : blocks)
      if (block.label == x509::kPemCertificate) chain.push_back(block.der);
    if (chain.empty()) return fail(Errc::invalid, options_.install->string() + ": there is no certificate in it");
    const Bytes certificate = std::move(chain.front());
    chain.erase(chain.begin());
    CERTWRIGHT_CHECK(in_.authority.install(kIssuing, certificate, chain, operator_actor()));
    // The offline root as a CA of its own here, so that its CRLs can be imported and served.
    if (in_.cas.find(kRoot) == nullptr && !chain.empty()) {
      authority::ImportedCa root;
      root.id = std::string(kRoot);
      root.name = "offline root";
      root.certificate = chain.back();
      root.policy = root_policy(options_);
      CERTWRIGHT_CHECK(in_.authority.import(std::move(root), operator_actor()));
    }
    return {};
  }

  Result<void> take_root_offline() {
    CERTWRIGHT_CHECK(in_.authority.take_offline(
        kRoot, in_.crls,
        [&](const SecretBytes& key) {
          const auto pem = root_key_pem(options_, key);
          if (!pem) return Result<void>(tl::unexpected(pem.error()));
          return write_file(*options_.root_key_out, pem->reveal(), 0600);
        },
        operator_actor()));
    say("root_key", options_.root_key_out->string(),
        fmt::format("The root's key is now only in {}: move it to a safe place off this machine.", options_.root_key_out->string()));
    return {};
  }

  Result<void> bootstrap() {
    CERTWRIGHT_TRY(const auto done, in_.store->find_setting("bootstrap-administrator"));
    if (done) return {};
    if (!options_.admin_token_file && isatty(STDOUT_FILENO) == 0)
      return fail_field(Errc::invalid, "admin-token-file",
                        "--admin-token-file: required, because the first token is not shown where it could be logged");
    const auto recorded = evidence(audit::EventType::principal_created, "principal",
                                   {{"tenant", "default"}, {"name", options_.administrator}, {"kind", "person"}});
    const access::FirstAdministrator first{.name = options_.administrator, .email = options_.administrator_email};
    // In the same commit: after a crash there is an administrator that is known as the first, or none.
    CERTWRIGHT_TRY(const auto made, in_.access_directory.bootstrap(first, [&](std::string_view id) {
      auto commands = recorded(id);
      commands.push_back(store::PutSetting{"bootstrap-administrator", to_bytes(as_bytes(id))});
      return commands;
    }));
    return hand_over(made.token.text);
  }

  // To a 0600 file, or to a person at a terminal; never where it could be logged.
  Result<void> hand_over(const SecretBytes& token) {
    if (options_.admin_token_file) {
      Bytes line = to_bytes(token.reveal());
      line.push_back('\n');
      const auto written = write_file(*options_.admin_token_file, line, 0600);
      wipe(line);
      CERTWRIGHT_CHECK(written);
      say("admin_token_file", options_.admin_token_file->string(),
          fmt::format("Administrator's token, valid 24 hours: in {}", options_.admin_token_file->string()));
      return {};
    }
    say("admin_token", std::string(as_text(token.reveal())),
        fmt::format("Administrator's token, valid 24 hours, shown once:\n{}", as_text(token.reveal())));
    return {};
  }

  // One thing that was made: a line for people now, a member for programs at the end.
  void say(std::string_view member, std::string value, std::string_view line) {
    if (options_.json) made_.set(member, std::move(value));
    else fmt::print("{}\n", line);
  }

  const InitOptions& options_;
  Installation& in_;
  json::Value made_ = json::Object{};
};

}  // namespace

Result<void> write_public_files(const Installation& installation) {
  const auto issuing = installation.cas.find(kIssuing);
  if (issuing != nullptr) {
    const auto root = x509::to_pem(x509::kPemCertificate, issuing->chain().back());
    CERTWRIGHT_CHECK(write_file(installation.state.ca() / "root.pem", as_bytes(root), 0644));
    CERTWRIGHT_CHECK(write_file(installation.state.ca() / "chain.pem", as_bytes(issuing->chain_pem()), 0644));
  }
  const auto key = audit::CheckpointKey::of(*installation.checkpoint_signer).text() + "\n";
  return write_file(installation.state.ca() / "audit.pub", as_bytes(key), 0644);
}

Result<void> initialise(const InitOptions& options) {
  ::umask(077);
  for (const auto& refused : crypto::harden_process()) fmt::print(stderr, "certwright: {}\n", refused);
  CERTWRIGHT_CHECK(check_root_key_options(options));
  if (const auto good = access::check_email(options.administrator_email); !good)  // before CAs are made
    return fail_field(Errc::invalid, "administrator-email", "--administrator-email: " + good.error().detail);
  const StateDirectory state{options.state};
  const bool fresh = !state.check_initialised();
  if (options.renew_admin_token) {
    CERTWRIGHT_CHECK(state.check_initialised());
  } else {
    CERTWRIGHT_CHECK(state.create());
  }
  CERTWRIGHT_TRY(const auto installation, Installation::open(state, 1));  // there are no other requests
  Initialisation run(options, *installation);
  if (options.renew_admin_token) return run.renew_token();
  if (!fresh && !options.install && !options.request_out && !options.root_key_out) {
    CERTWRIGHT_TRY(const auto done, installation->store->find_setting("bootstrap-administrator"));
    if (done)
      return fail(Errc::conflict, options.state.string() +
                                      " is initialised already; start it with: certwright serve --state " +
                                      options.state.string());
  }
  CERTWRIGHT_CHECK(run.run());
  run.summarise();
  return {};
}

}  // namespace certwright::daemon
