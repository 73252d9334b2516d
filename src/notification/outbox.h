#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "clock/clock.h"
#include "errors/result.h"
#include "notification/event.h"
#include "notification/recipients.h"
#include "store/store.h"

namespace certwright::notification {

struct OutboxOptions {
  bool mail = false;       // there is a mail server: principals with an address get e-mail too
  std::string portal_url;  // "https://ca.example.org"; what links begin with; empty: no links
};

// What is told about a request. Names and reasons are as people gave them: they are cleaned here.
struct RequestNotice {
  std::string request;         // its id
  std::string tenant;
  std::string ca;
  std::string profile;
  std::string common_name;
  std::vector<std::string> names;
  std::string requester;       // principal; empty: only webhooks are told
  std::string requester_name;
  std::string decided_by;      // name of the officer, or "password", "rule"
  std::string reason;
  std::string changes;         // what the officer changed, in words
  std::string serial;          // once it is issued, decimal
  std::optional<Time> not_after;
  std::uint32_t approvals_needed = 1;
  std::string occasion;        // tells apart several notices of one kind about one request: "changed-2"
};

struct ApprovalFailures {
  std::string tenant;
  std::string ca;
  std::string principal;       // whose attempts they were
  std::string principal_name;
  std::uint32_t count = 0;
  Time window{};               // start of the time that they are counted in: one notice for each
};

struct RevocationNotice {
  const store::CertificateRecord& certificate;
  std::string_view reason;
  Time revoked_at;
};

// Writes notifications as commands. Whoever makes the event puts them into the transaction of the
// event, so that neither exists without the other. Each recipient gets one for every channel: shown in
// the product, e-mail if it has an address, and the webhooks of the tenant and of "*" that asked for
// the event. Reads the store for recipients; writes nothing. Told twice about the same is told once.
// Errors: of the store. Safe to call from any thread.
class Outbox {
 public:
  // All must outlive the outbox.
  Outbox(const store::Store& store, const Clock& clock, OutboxOptions options)
      : store_(store), clock_(clock), recipients_(store), options_(std::move(options)) {}

  // To the officers, never to the requester; where they are fewer than approvals_needed, to the
  // administrators of the tenant as well.
  Result<store::Transaction> request_pending(const RequestNotice& notice) const;
  // To the requester.
  Result<store::Transaction> request_approved(const RequestNotice& notice) const;
  Result<store::Transaction> request_denied(const RequestNotice& notice) const;
  Result<store::Transaction> request_issued(const RequestNotice& notice) const;
  Result<store::Transaction> request_closed(const RequestNotice& notice) const;  // expired or failed
  // To the officers and administrators.
  Result<store::Transaction> approval_failures(const ApprovalFailures& failures) const;

  // To whoever asked for the certificate.
  Result<store::Transaction> certificate_revoked(const RevocationNotice& notice) const;
  // The same, unless they acknowledged an earlier one about the same certificate; if they cannot be
  // reached, to the administrators of the tenant.
  Result<store::Transaction> certificate_expiring(const store::LineageRow& row, std::uint32_t days) const;

  // To the administrators of the installation.
  Result<store::Transaction> ca_expiring(const store::CaRecord& ca, std::string_view subject, Time not_after,
                                         std::uint32_t days) const;
  Result<store::Transaction> crl_expiring(const store::CrlRecord& crl) const;

  // To one webhook. `occasion` tells tests apart.
  store::Transaction webhook_test(const store::WebhookRecord& webhook, std::string_view sent_by,
                                  std::string_view occasion) const;

 private:
  struct Notice;
  Result<store::Transaction> enqueue(const Notice& notice) const;
  void add(store::Transaction& to, const Notice& notice, store::NotificationChannel channel,
           const std::string& recipient) const;
  Result<store::Transaction> to_requester(EventKind kind, const RequestNotice& notice) const;
  // Its link leads to the request in this section of the pages: "requests", or "approvals" for officers.
  Facts facts_of(const RequestNotice& notice, std::string_view section) const;
  std::string link_to(std::string_view kind, std::string_view id) const;
  std::string link_to_inbox() const;  // for what has no page of its own: there it is acknowledged
  bool can_be_reached(const store::PrincipalRecord& principal) const;

  const store::Store& store_;
  const Clock& clock_;
  const Recipients recipients_;
  const OutboxOptions options_;
};

// 32 hexadecimal digits that stay the same however often a notification is delivered: in Message-ID
// and in Certwright-Notification-Id.
std::string stable_id(const store::NotificationRecord& notification);

}  // namespace certwright::notification
