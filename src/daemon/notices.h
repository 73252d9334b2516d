#pragma once
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/configuration.h"
#include "daemon/housekeeping.h"
#include "daemon/installation.h"
#include "daemon/request_notices.h"
#include "gateway/notices/door.h"
#include "notification/courier.h"
#include "notification/delivery.h"
#include "notification/expiry_sweep.h"
#include "notification/https_transport.h"
#include "notification/inbox.h"
#include "notification/outbox.h"
#include "notification/retention.h"
#include "notification/smtp_transport.h"
#include "notification/templates.h"
#include "notification/webhooks.h"

namespace certwright::daemon {

// The notification room, wired and at work. From its construction on revocations and
// requests are told.
class Notices {
 public:
  // Both must outlive this. Errors: invalid, with the key of the configuration; those of the files it
  // names, of store and sealer.
  static Result<std::unique_ptr<Notices>> open(Installation& installation, const Configuration& configuration);
  ~Notices();
  // What open() finds wrong with a configuration, without an installation.
  static Result<void> check(const Configuration& configuration);

  const notification::Outbox& outbox() const noexcept { return outbox_; }
  gateway::notices::Dependencies door() noexcept { return {inbox_, webhooks_, templates_}; }
  std::vector<Housekeeping::Job> jobs();
  // Deliveries under way are broken off within about a second: before the jobs are waited for.
  void stop() noexcept;
  // For `certwright doctor`.
  std::vector<std::pair<std::string, std::string>> facts() const;

 private:
  struct Opened;  // what can fail: notices.cc
  Notices(Installation& installation, const Configuration& configuration, Opened opened);
  void export_metrics();

  Installation& in_;
  const notification::AddressPolicy policy_;
  const notification::WebhookSecrets secrets_;
  const std::unique_ptr<notification::MailTransport> mail_;  // null: no e-mail
  const std::string mail_server_;                            // for doctor
  const notification::Outbox outbox_;
  RequestNotices request_notices_;
  notification::Inbox inbox_;
  notification::Templates templates_;
  notification::Webhooks webhooks_;
  notification::HttpsTransport https_;
  notification::WebhookCourier webhook_courier_;
  notification::Delivery webhook_delivery_;
  std::optional<notification::MailCourier> mail_courier_;
  std::optional<notification::Delivery> mail_delivery_;
  notification::ExpirySweep sweep_;
  notification::Retention retention_;
};

}  // namespace certwright::daemon
