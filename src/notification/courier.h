#pragma once
#include <vector>

#include "clock/clock.h"
#include "errors/result.h"
#include "notification/transport.h"
#include "notification/webhook_secret.h"
#include "store/store.h"

namespace certwright::notification {

// Takes what waits for one recipient to where it goes. Called from several threads, with one recipient
// at a time each.
class Courier {
 public:
  virtual ~Courier() = default;
  virtual store::NotificationChannel channel() const noexcept = 0;
  // How many of one recipient's notifications go in one delivery.
  virtual std::uint32_t most_at_once() const noexcept = 0;
  // How many of those that wait, from the first on, may go in one delivery; at least one of one.
  virtual std::size_t together(const std::vector<store::NotificationRecord>& waiting) const { return waiting.size(); }
  // All of them, or an error for all. Errors: gone if there is no use in trying again; conflict if several
  // were refused and each should be tried by itself; anything else may be tried later, though it may have
  // arrived. What it throws counts as that.
  virtual Result<void> deliver(const std::string& recipient,
                               const std::vector<store::NotificationRecord>& notifications, const Stop& stop) = 0;
};

// One e-mail for all of them: the texts of the first, from the template of their tenant, and the subjects of
// the rest. Never of two tenants: what one of them words is not to stand among the other's.
class MailCourier final : public Courier {
 public:
  static constexpr std::uint32_t kDigest = 200;
  // All must outlive the courier.
  MailCourier(const store::Store& store, MailTransport& transport, Mailbox from, const Clock& clock)
      : store_(store), transport_(transport), from_(std::move(from)), clock_(clock) {}
  store::NotificationChannel channel() const noexcept override { return store::NotificationChannel::email; }
  std::uint32_t most_at_once() const noexcept override { return kDigest; }
  std::size_t together(const std::vector<store::NotificationRecord>& waiting) const override;
  Result<void> deliver(const std::string& recipient, const std::vector<store::NotificationRecord>& notifications,
                       const Stop& stop) override;

 private:
  const store::Store& store_;
  MailTransport& transport_;
  const Mailbox from_;
  const Clock& clock_;
};

// One POST for each.
class WebhookCourier final : public Courier {
 public:
  // All must outlive the courier.
  WebhookCourier(const store::Store& store, WebhookTransport& transport, const WebhookSecrets& secrets,
                 const Clock& clock)
      : store_(store), transport_(transport), secrets_(secrets), clock_(clock) {}
  store::NotificationChannel channel() const noexcept override { return store::NotificationChannel::webhook; }
  std::uint32_t most_at_once() const noexcept override { return 1; }
  Result<void> deliver(const std::string& recipient, const std::vector<store::NotificationRecord>& notifications,
                       const Stop& stop) override;

 private:
  const store::Store& store_;
  WebhookTransport& transport_;
  const WebhookSecrets& secrets_;
  const Clock& clock_;
};

}  // namespace certwright::notification
