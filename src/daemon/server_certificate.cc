#include "daemon/server_certificate.h"

#include <algorithm>

#include <unistd.h>

#include "json/object_reader.h"
#include "json/writer.h"
#include "x509/certificate.h"
#include "x509/pem.h"

namespace certwright::daemon {
namespace {

constexpr std::string_view kSetting = "server-certificate";  // sealed JSON

std::vector<std::string> unique(std::vector<std::string> names) {
  std::ranges::sort(names);
  names.erase(std::ranges::unique(names).begin(), names.end());
  return names;
}

std::string host_name() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "";
}

}  // namespace

struct ServerCertificate::Kept {
  std::string chain_pem;
  SecretBytes key;  // PKCS#8
  Time not_before{}, not_after{};
};

ServerCertificate::ServerCertificate(Installation& installation, const Configuration& configuration)
    : in_(installation), dns_names_(configuration.tls_dns_names), ip_addresses_(configuration.tls_ip_addresses) {
  dns_names_.emplace_back("localhost");
  if (const auto host = host_name(); x509::valid_dns_name(host, x509::Wildcard::refused, x509::Underscore::refused))
    dns_names_.push_back(host);
  ip_addresses_.insert(ip_addresses_.end(), {"127.0.0.1", "::1"});
  if (configuration.https && configuration.https->address != "::" && configuration.https->address != "0.0.0.0")
    ip_addresses_.push_back(configuration.https->address);
  dns_names_ = unique(std::move(dns_names_));
  ip_addresses_ = unique(std::move(ip_addresses_));
}

bool ServerCertificate::is_due() const {
  if (in_.clock.now() >= renew_at_ || !serial_) return true;
  const auto stored = in_.store->find_certificate(*serial_);
  return stored && (!*stored || (*stored)->revocation);  // a store that is silent changes nothing
}

void ServerCertificate::use(const Kept& kept) {
  renew_at_ = kept.not_before + (kept.not_after - kept.not_before) * 2 / 3;
  const auto certificates = x509::parse_certificates_pem(kept.chain_pem);
  const auto serial = certificates ? certificates->front().serial_number()
                                   : Result<x509::SerialNumber>(tl::unexpected(certificates.error()));
  serial_ = serial ? std::optional(*serial) : std::nullopt;
}

Result<http::TlsIdentity> ServerCertificate::current() {
  auto kept = load();
  if (!kept) kept = make();
  if (!kept) return tl::unexpected(std::move(kept).error());
  use(*kept);
  if (is_due()) {
    kept = make();
    if (!kept) return tl::unexpected(std::move(kept).error());
    use(*kept);
  }
  http::TlsIdentity identity;
  CERTWRIGHT_TRY(const auto certificates, x509::parse_certificates_pem(kept->chain_pem));
  for (const auto& certificate : certificates) identity.chain.push_back(to_bytes(certificate.der()));
  identity.private_key = std::move(kept->key);
  return identity;
}

// Any error means: make a new one. Whether the one kept is revoked or old, is_due() says.
Result<ServerCertificate::Kept> ServerCertificate::load() const {
  CERTWRIGHT_TRY(const auto sealed, in_.store->find_setting(kSetting));
  if (!sealed) return fail(Errc::not_found, "none kept yet");
  CERTWRIGHT_TRY(const auto opened, in_.sealer->open(kSetting, *sealed));
  CERTWRIGHT_TRY(const auto document, json::parse(as_text(opened.reveal())));
  CERTWRIGHT_TRY(auto reader, json::ObjectReader::of(document));
  Kept kept;
  CERTWRIGHT_TRY(kept.chain_pem, reader.string("chain", {.max_length = 64 * 1024}));
  CERTWRIGHT_TRY(auto key_text, reader.string("key", {.max_length = 64 * 1024}));
  CERTWRIGHT_TRY(auto key, from_base64(key_text));
  wipe(key_text);
  kept.key = SecretBytes::copy_of(key);
  wipe(key);
  CERTWRIGHT_TRY(const auto dns, reader.strings("dns_names"));
  CERTWRIGHT_TRY(const auto ip, reader.strings("ip_addresses"));
  if (dns != dns_names_ || ip != ip_addresses_) return fail(Errc::not_found, "other names are asked for");
  CERTWRIGHT_TRY(const auto certificates, x509::parse_certificates_pem(kept.chain_pem));
  kept.not_before = certificates.front().not_before();
  kept.not_after = certificates.front().not_after();
  return kept;
}

Result<ServerCertificate::Kept> ServerCertificate::make() {
  CERTWRIGHT_TRY(auto identity, in_.authority.make_server_identity(dns_names_, ip_addresses_));
  json::Writer w;
  w.begin_object().member("chain", identity.chain_pem).member("key", to_base64(identity.private_key_pkcs8.reveal()));
  w.key("dns_names").begin_array();
  for (const auto& name : dns_names_) w.value(name);
  w.end_array().key("ip_addresses").begin_array();
  for (const auto& address : ip_addresses_) w.value(address);
  w.end_array().end_object();
  std::string document = std::move(w).take();
  auto sealed = in_.sealer->seal(kSetting, as_bytes(document));
  wipe(document);
  if (!sealed) return tl::unexpected(std::move(sealed).error());
  CERTWRIGHT_CHECK(in_.store->apply({store::PutSetting{std::string(kSetting), std::move(*sealed)}}));
  return Kept{.chain_pem = std::move(identity.chain_pem),
              .key = std::move(identity.private_key_pkcs8),
              .not_before = in_.clock.now(),
              .not_after = identity.not_after};
}

}  // namespace certwright::daemon
