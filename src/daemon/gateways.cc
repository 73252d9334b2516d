#include "daemon/gateways.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "daemon/log.h"
#include "daemon/version.h"
#include "gateway/admin/admin_door.h"
#include "gateway/admin/request_routes.h"
#include "gateway/certs/door.h"
#include "gateway/pages/page.h"
#include "gateway/pages/pages_door.h"
#include "gateway/pki/door.h"
#include "gateway/portal/portal_door.h"
#include "gateway/portal/portal_pages.h"
#include "gateway/web/standard_routes.h"
#include "gateway/web/web_handler.h"
#include "mail_address/mail_address.h"
#include "registration/profile_publisher.h"

namespace certwright::daemon {
namespace {

std::string instance_id(crypto::Random& random) {
  std::array<std::uint8_t, 16> octets{};
  random.fill(octets);
  return to_hex(octets);
}

void log_access(const gateway::web::AccessRecord& record) {
  Log::write(Level::debug, "request",
             {{"method", std::string(record.method)},
              {"route", std::string(record.route)},
              {"status", std::to_string(record.status)},
              {"took_us", std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(record.took).count())},
              {"request_id", std::string(record.request_id)},
              {"remote", std::string(record.remote)},
              {"principal", std::string(record.principal)}});
}

void log_internal_error(const gateway::web::InternalError& error) {
  log_error("internal error", {{"request_id", std::string(error.request_id)},
                               {"operation", std::string(error.operation)},
                               {"detail", std::string(error.detail)}});
}

// For `certwright doctor`: what only the server itself can know.
std::vector<std::pair<std::string, std::string>> status_of(const Installation& in) {
  std::vector<std::pair<std::string, std::string>> facts = {
      {"version", std::string(kVersion)},
      {"time", to_rfc3339(in.clock.now())},
      {"audit_signed_records", std::to_string(in.checkpointer.signed_size())}};
  if (const auto administrators = in.access_directory.administrators()) {
    std::string silent;
    for (const auto& one : *administrators)
      if (!mail::MailAddress::parse(one.email)) silent += (silent.empty() ? "" : " ") + one.id;
    facts.emplace_back("administrators", std::to_string(administrators->size()));
    facts.emplace_back("administrators_without_email", std::move(silent));
  }
  if (const auto health = in.store->health())
    for (const auto& [name, value] : *health) facts.emplace_back("store_" + name, std::to_string(value));
  return facts;
}

void export_gauges(Installation& in) {
  const auto now = in.clock.now();
  const auto seconds_to = [&](Time t) { return static_cast<double>((t - now).count()) / 1e6; };
  for (const auto& ca : in.cas.all()) {
    in.metrics.gauge("certwright_ca_expiry_seconds", "Seconds until the CA's certificate expires.", {{"ca", ca->id()}})
        .set(seconds_to(ca->certificate().not_after()));
    for (std::uint32_t shard = 0; shard < ca->policy().crl_shards; ++shard) {
      const auto crl = in.store->find_crl(ca->id(), shard);
      if (!crl || !*crl) continue;
      in.metrics.gauge("certwright_crl_next_update_seconds", "Seconds until the CRL's nextUpdate.",
                       {{"ca", ca->id()}, {"shard", std::to_string(shard)}})
          .set(seconds_to((*crl)->next_update));
    }
  }
  in.metrics.gauge("certwright_audit_signed_records", "Records under the newest signed checkpoint.")
      .set(static_cast<double>(in.checkpointer.signed_size()));
  if (const auto health = in.store->health())
    for (const auto& [name, value] : *health)
      in.metrics.gauge("certwright_store_health", "What the store says of itself.", {{"fact", name}})
          .set(static_cast<double>(value));
}

}  // namespace

struct Gateways::Doors {
  Doors(Installation& installation, const Configuration& configured, Notices& told)
      : in(installation),
        configuration(configured),
        notices(told),
        publisher(*in.store, in.journal, in.profiles, in.clock),
        certs({.issuance = in.issuance,
               .revocation = in.revocation,
               .crls = in.crls,
               .inventory = in.inventory,
               .downloads = in.download_grants,
               .cas = in.cas,
               .clock = in.clock,
               .requests = &in.requests}),
        csr({.requests = in.requests,
             .issuance = in.issuance,
             .cas = in.cas,
             .profiles = in.profiles,
             .selection = in.selection_policies,
             .store = *in.store,
             .clock = in.clock}),
        portal(csr, in.requests),
        portal_pages({.csr = csr, .requests = in.requests, .issuance = in.issuance, .store = *in.store, .clock = in.clock}),
        pki({.ocsp = in.ocsp, .crls = in.crls, .cas = in.cas, .clock = in.clock}) {}

  std::vector<gateway::web::Route> routes() {
    std::vector<gateway::web::Route> all = gateway::web::standard_routes(
        {std::string(kVersion), std::string(kCommit), std::string(kBuildTime), instance_id(*in.random)}, in.metrics,
        [this] { return in.store->audit_size().has_value(); });
    const auto admin = gateway::admin::admin_routes({.authority = in.authority,
                                                     .cas = in.cas,
                                                     .crls = in.crls,
                                                     .profiles = in.profiles,
                                                     .publisher = publisher,
                                                     .access = in.access_directory,
                                                     .authenticator = in.authenticator,
                                                     .journal = in.journal,
                                                     .store = *in.store,
                                                     .checkpoint_key = audit::CheckpointKey::of(*in.checkpoint_signer),
                                                     .clock = in.clock,
                                                     .rotation = in.rotation,
                                                     .accounts = in.accounts,
                                                     .sessions = in.sessions,
                                                     .status = [this] { return status(); },
                                                     .aggregate_folder = in.state.aggregate()});
    const auto requests = gateway::admin::request_routes({.requests = in.requests,
                                                          .issuance = in.issuance,
                                                          .passwords = in.approval_passwords,
                                                          .selection = in.selection_policies,
                                                          .cas = in.cas,
                                                          .store = *in.store,
                                                          .checkpoint_key = audit::CheckpointKey::of(*in.checkpoint_signer)});
    const auto pages = gateway::pages::pages_routes(
        {.accounts = in.accounts, .sessions = in.sessions, .authenticator = in.authenticator, .inbox = notices.door().inbox,
         .portal = &portal_pages});
    for (const auto& door : {certs.routes(), portal.routes(), pki.routes(), gateway::notices::routes(notices.door()), admin,
                             requests, pages})
      all.insert(all.end(), door.begin(), door.end());
    return all;
  }

  Facts status() const {
    auto all = status_of(in);
    std::ranges::move(notices.facts(), std::back_inserter(all));
    if (more_facts) std::ranges::move(more_facts(), std::back_inserter(all));
    return all;
  }

  Installation& in;
  const Configuration& configuration;
  Notices& notices;
  std::function<Facts()> more_facts;
  registration::ProfilePublisher publisher;
  gateway::certs::Door certs;
  gateway::portal::CsrService csr;
  gateway::portal::Door portal;
  gateway::portal::PortalPages portal_pages;
  gateway::pki::Door pki;
  std::unique_ptr<gateway::web::WebHandler> handler;
};

Gateways::Gateways(Installation& installation, const Configuration& configuration, Notices& notices)
    : doors_(std::make_unique<Doors>(installation, configuration, notices)) {}

Gateways::~Gateways() = default;

void Gateways::add_facts(std::function<Facts()> facts) { doors_->more_facts = std::move(facts); }

Result<http::Handler*> Gateways::open() {
  auto& in = doors_->in;
  gateway::web::WebOptions options;
  options.trusted_proxies = doors_->configuration.trusted_proxies;
  if (Log::writes(Level::debug)) options.on_access = log_access;
  options.on_internal_error = log_internal_error;
  options.error_page = gateway::pages::error_page;
  CERTWRIGHT_TRY(doors_->handler,
                 gateway::web::WebHandler::create({.authenticator = in.authenticator,
                                                   .clock = in.clock,
                                                   .random = *in.random,
                                                   .metrics = in.metrics,
                                                   .journal = &in.journal,
                                                   .sessions = &in.sessions},
                                                  doors_->routes(), std::move(options)));
  in.metrics.on_scrape([&in] { export_gauges(in); });
  return static_cast<http::Handler*>(doors_->handler.get());
}

void Gateways::count_connections(const http::Server& server) {
  auto& metrics = doors_->in.metrics;
  const auto count = [&](const char* name, const char* help, std::uint64_t http::ServerStatistics::*member) {
    metrics.counter_from(name, help, [&server, member] { return static_cast<double>(server.statistics().*member); });
  };
  using S = http::ServerStatistics;
  count("certwright_http_connections_total", "Connections accepted.", &S::connections_accepted);
  count("certwright_http_connections_refused_total", "Connections over a limit.", &S::connections_refused);
  count("certwright_tls_handshakes_failed_total", "TLS handshakes that failed.", &S::handshakes_failed);
  count("certwright_tls_handshakes_resumed_total", "TLS sessions resumed.", &S::handshakes_resumed);
  count("certwright_http_timeouts_total", "Connections cut off for being slow.", &S::timeouts);
}

}  // namespace certwright::daemon
