#include "daemon/notices.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>

#include "daemon/log.h"

namespace certwright::daemon {
namespace {

using namespace std::chrono_literals;

// The embedded store has one owner at a time, so whoever opens it next is the same holder and need not
// wait for a lease to run out.
constexpr const char* kHolder = "owner-of-the-embedded-store";
constexpr std::size_t kMaxPasswordOctets = 1024;

// At most one line in ten seconds for each channel: an endpoint that is away fails often.
std::function<void(std::string_view, std::string_view)> log_failures(std::string channel) {
  struct Quiet {
    std::mutex mutex;
    std::chrono::steady_clock::time_point until{};
  };
  return [channel = std::move(channel), quiet = std::make_shared<Quiet>()](std::string_view recipient,
                                                                           std::string_view reason) {
    {
      const std::lock_guard lock(quiet->mutex);
      const auto now = std::chrono::steady_clock::now();
      if (now < quiet->until) return;
      quiet->until = now + 10s;
    }
    log_warning("a notification could not be delivered", {{"channel", channel},
                                                          {"recipient", std::string(recipient)},
                                                          {"reason", std::string(reason)}});
  };
}

notification::DeliveryOptions delivery_options(std::string channel, std::uint32_t threads) {
  notification::DeliveryOptions options;
  options.holder = kHolder;
  options.threads = threads;
  options.on_failure = log_failures(std::move(channel));
  return options;
}

notification::ExpirySweepOptions sweep_options(const Configuration::Notifications& configured) {
  notification::ExpirySweepOptions options;
  options.holder = kHolder;
  const auto replace = [](std::vector<std::uint32_t>& days, const std::vector<std::size_t>& wanted) {
    if (wanted.empty()) return;
    days.clear();
    for (const auto day : wanted) days.push_back(static_cast<std::uint32_t>(day));
  };
  replace(options.certificate_days, configured.certificate_days);
  replace(options.ca_days, configured.ca_days);
  return options;
}

notification::HttpsOptions https_options(const notification::AddressPolicy& policy,
                                         const Configuration::Notifications& configured) {
  notification::HttpsOptions options;
  options.policy = policy;
  options.ca_file = configured.webhook_ca_file;
  return options;
}

Result<SecretBytes> read_password(const std::string& path) {
  if (path.empty()) return SecretBytes();
  auto octets = read_file(path, kMaxPasswordOctets);
  if (!octets)
    return fail_field(octets.error().code, "smtp.password_file", "smtp.password_file: " + octets.error().detail);
  while (!octets->empty() && (octets->back() == '\n' || octets->back() == '\r')) octets->pop_back();
  auto password = SecretBytes::copy_of(*octets);
  wipe(*octets);
  return password;
}

Result<std::unique_ptr<notification::MailTransport>> open_mail(const Configuration::Smtp& configured) {
  if (configured.host.empty()) return std::unique_ptr<notification::MailTransport>();
  notification::SmtpOptions options;
  options.host = configured.host;
  options.port = static_cast<std::uint16_t>(configured.port);
  options.security = configured.security == "tls"    ? notification::SmtpSecurity::tls
                     : configured.security == "none" ? notification::SmtpSecurity::none
                                                     : notification::SmtpSecurity::starttls;
  options.user = configured.user;
  options.ca_file = configured.ca_file;
  CERTWRIGHT_TRY(options.password, read_password(configured.password_file));
  CERTWRIGHT_TRY(auto transport, notification::SmtpTransport::create(std::move(options)));
  return std::unique_ptr<notification::MailTransport>(std::move(transport));
}

Result<notification::Mailbox> sender(const Configuration::Smtp& configured) {
  auto from = notification::parse_mailbox(configured.from);
  if (!from) return fail_field(Errc::invalid, "smtp.from", "smtp.from: " + from.error().detail);
  return *std::move(from);
}

}  // namespace

struct Notices::Opened {
  notification::AddressPolicy policy;
  notification::WebhookSecrets secrets;
  std::unique_ptr<notification::MailTransport> mail;
  notification::Mailbox from;
};

Result<void> Notices::check(const Configuration& configuration) {
  CERTWRIGHT_CHECK(open_mail(configuration.smtp));
  CERTWRIGHT_CHECK(sender(configuration.smtp));
  return {};
}

Result<std::unique_ptr<Notices>> Notices::open(Installation& in, const Configuration& configuration) {
  std::vector<notification::Network> networks;
  for (const auto& text : configuration.notifications.webhook_networks) {
    CERTWRIGHT_TRY(auto network, notification::Network::parse(text));
    networks.push_back(network);
  }
  CERTWRIGHT_TRY(auto secrets, notification::WebhookSecrets::open(*in.store, *in.sealer, *in.random));
  CERTWRIGHT_TRY(auto mail, open_mail(configuration.smtp));
  CERTWRIGHT_TRY(auto from, sender(configuration.smtp));
  return std::unique_ptr<Notices>(new Notices(
      in, configuration,
      {notification::AddressPolicy(std::move(networks)), std::move(secrets), std::move(mail), std::move(from)}));
}

Notices::Notices(Installation& installation, const Configuration& configuration, Opened opened)
    : in_(installation),
      policy_(std::move(opened.policy)),
      secrets_(std::move(opened.secrets)),
      mail_(std::move(opened.mail)),
      mail_server_(mail_ ? configuration.smtp.host + ":" + std::to_string(configuration.smtp.port) : "off"),
      outbox_(*in_.store, in_.clock, {.mail = mail_ != nullptr, .portal_url = configuration.notifications.portal_url}),
      request_notices_(*in_.store, outbox_, in_.clock),
      inbox_(*in_.store, in_.journal, in_.clock),
      templates_(*in_.store, in_.journal, in_.clock),
      webhooks_({*in_.store, in_.journal, outbox_, secrets_, policy_, *in_.random, in_.clock}),
      https_(https_options(policy_, configuration.notifications)),
      webhook_courier_(*in_.store, https_, secrets_, in_.clock),
      webhook_delivery_({*in_.store, in_.journal, webhook_courier_, *in_.random, in_.clock}, delivery_options("webhook", 8)),
      sweep_({*in_.store, in_.journal, outbox_, in_.clock}, sweep_options(configuration.notifications)),
      retention_({*in_.store, in_.journal, in_.clock}, {}) {
  if (mail_) {
    mail_courier_.emplace(*in_.store, *mail_, std::move(opened.from), in_.clock);
    mail_delivery_.emplace(
        notification::Delivery::Dependencies{*in_.store, in_.journal, *mail_courier_, *in_.random, in_.clock},
        delivery_options("email", 4));
  }
  in_.revocation.tell_with([this](const store::CertificateRecord& certificate, std::string_view reason, Time when) {
    return outbox_.certificate_revoked({certificate, reason, when});
  });
  in_.requests.tell(&request_notices_);
  export_metrics();
}

Notices::~Notices() {
  in_.revocation.tell_with({});
  in_.requests.tell(nullptr);
}

void Notices::stop() noexcept {
  sweep_.stop();
  retention_.stop();
  webhook_delivery_.stop();
  if (mail_delivery_) mail_delivery_->stop();
}

std::vector<Housekeeping::Job> Notices::jobs() {
  std::vector<Housekeeping::Job> all = {
      {"webhooks", 1s, [this] { return webhook_delivery_.run_due(); }},
      {"expiry notices", 5s, [this] { return sweep_.run_due(); }},
      {"old notifications", 5s, [this] { return retention_.run_due(); }},
  };
  if (mail_delivery_) all.push_back({"e-mail", 1s, [this] { return mail_delivery_->run_due(); }});
  return all;
}

void Notices::export_metrics() {
  const auto count = [this](const char* channel, const char* outcome, const notification::Delivery& delivery,
                            std::uint64_t notification::DeliveryCounts::*member) {
    in_.metrics.counter_from("certwright_notification_deliveries_total",
                             "Attempts to deliver notifications, by what became of them.",
                             [&delivery, member] { return static_cast<double>(delivery.counts().*member); },
                             {{"channel", channel}, {"outcome", outcome}});
  };
  const auto count_all = [&](const char* channel, const notification::Delivery& delivery) {
    count(channel, "delivered", delivery, &notification::DeliveryCounts::delivered);
    count(channel, "retried", delivery, &notification::DeliveryCounts::retried);
    count(channel, "failed", delivery, &notification::DeliveryCounts::failed);
  };
  count_all("webhook", webhook_delivery_);
  if (mail_delivery_) count_all("email", *mail_delivery_);
  in_.metrics.on_scrape([this] {
    const auto totals = in_.store->notifications().totals();
    if (!totals) return;
    const auto gauge = [this](const char* name, const char* help) { return in_.metrics.gauge(name, help); };
    gauge("certwright_notifications_waiting", "Notifications that wait for their delivery.")
        .set(static_cast<double>(totals->waiting));
    gauge("certwright_notifications_failed", "Notifications that were given up and are still kept.")
        .set(static_cast<double>(totals->failed));
    const auto age = totals->oldest_waiting ? in_.clock.now() - *totals->oldest_waiting : Duration{};
    gauge("certwright_notification_oldest_waiting_seconds", "For how long the oldest waiting notification has waited.")
        .set(std::max(0.0, static_cast<double>(age.count()) / 1e6));
  });
}

std::vector<std::pair<std::string, std::string>> Notices::facts() const {
  std::vector<std::pair<std::string, std::string>> all = {{"mail", mail_server_}};
  const auto totals = in_.store->notifications().totals();
  if (!totals) return all;
  const auto age = totals->oldest_waiting ? std::chrono::duration_cast<Seconds>(in_.clock.now() - *totals->oldest_waiting) : Seconds(0);
  all.emplace_back("notifications_waiting", std::to_string(totals->waiting));
  all.emplace_back("notifications_failed", std::to_string(totals->failed));
  all.emplace_back("notifications_oldest_waiting_s", std::to_string(std::max<std::int64_t>(0, age.count())));
  return all;
}

}  // namespace certwright::daemon
