#pragma once
// What the pages of requests need from the registration authority, in the words of pages. Every call
// authorises by itself, through the context (per object: a stranger's is not_found), and is safe to call
// from any thread. Its errors are shown to people: `detail` is for them, `field` a field of the form.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bytes/secret_bytes.h"
#include "clock/clock.h"
#include "errors/result.h"
#include "gateway/web/context.h"

namespace certwright::gateway::pages {

struct CaChoice {
  std::string id, name;
};

// What somebody put into the upload form.
struct Upload {
  std::string csr;  // as it came: PEM or DER
  std::string common_name;
  std::string validity_days;                   // as typed; empty: the profile's
  std::string ca;                              // empty: the server chooses
  std::string tenant;                          // empty: the caller's own
  std::string purpose;                         // category; may be empty
  std::vector<std::string> extensions;         // "server_auth", ...
  SecretBytes approval_password;               // may be empty
};

struct RequestRow {
  std::string id;
  std::string state;  // "pending", "issued", ...
  std::string subject, ca, profile;
  std::string requester;  // name, which is not unique
  Time received_at{};
  std::string requester_id{};
};
struct RequestRows {
  std::vector<RequestRow> rows;
  std::optional<std::string> next;  // where to go on
};

struct RequestStep {
  Time at{};
  std::string who, what, why;
  std::string who_id{};  // the account; `who` is its name
};

struct RequestView {
  RequestRow row;
  std::string tenant, remote;
  std::string without_csr;  // what stands in the place of a CSR; empty: there is one
  std::string reason;     // of a denial, a withdrawal, a failure
  std::string selection;  // how the CA was chosen
  std::string rule;       // why it waits for people; may be empty
  std::string changes;    // what officers changed; empty: nothing
  std::string left_out;   // extensions of the CSR that its certificate does not have; may be empty
  std::uint32_t approvals_given = 0, approvals_needed = 0;
  std::optional<Time> expires_at;  // while it is open
  std::vector<RequestStep> steps;  // oldest first
  std::string serial;              // of the certificate; empty: none yet
  std::string certificate_pem;     // with its chain
  bool may_withdraw = false;       // by the caller, now
  bool may_decide = false;         // the caller is an officer for it, and it waits
};

// One aspect, side by side.
struct Comparison {
  std::string what;  // "Subject", "DNS name", "Valid until", ...
  std::string requested, profile, resulting;
  bool changed = false;  // what would be issued is not what was asked for
};
struct LintFinding {
  bool is_error = false;
  std::string text;
};
struct Review {
  RequestView request;
  std::string binding;  // what the decision is about: it is refused if that has changed meanwhile
  std::vector<Comparison> comparison;
  std::vector<LintFinding> lint;
  std::uint32_t validity_days = 0;         // of what would be issued
  std::vector<std::string> names;          // "DNS:a.example": each may be taken away
  bool may_decide = false;                 // by the caller, now; with an error among `lint` only deny
  std::string why_not;                     // may not: one sentence
};

struct Decision {
  std::string id, binding, comment;
  std::optional<std::uint32_t> validity_days;  // shorter than what would be issued
  std::vector<std::string> names_removed;
};

class PortalPort {
 public:
  virtual ~PortalPort() = default;

  // Active issuing CAs that the caller may request from; never a root.
  virtual Result<std::vector<CaChoice>> issuing_cas(web::Context& context) = 0;
  // Tenants that the caller may request for, its own first.
  virtual Result<std::vector<std::string>> tenants(web::Context& context) = 0;
  // Checks and takes the request; issues at once where nobody has to approve. The id of the request.
  virtual Result<std::string> upload(web::Context& context, Upload upload) = 0;

  // The caller's own, newest first. `after`: RequestRows::next of the page before, or empty.
  virtual Result<RequestRows> own_requests(web::Context& context, std::string_view after) = 0;
  virtual Result<RequestView> find(web::Context& context, std::string_view id) = 0;
  virtual Result<void> withdraw(web::Context& context, std::string_view id, std::string_view reason) = 0;

  // Those that wait for somebody with the caller's rights, oldest first; not the caller's own.
  virtual Result<RequestRows> queue(web::Context& context, std::string_view after) = 0;
  virtual Result<Review> review(web::Context& context, std::string_view id) = 0;
  // What approving with the decision's changes would come to; nothing is approved. Its binding is that of the
  // request with them: a decision that has it, and the same changes, is about what was shown.
  virtual Result<Review> preview(web::Context& context, const Decision& decision) = 0;
  virtual Result<void> approve(web::Context& context, const Decision& decision) = 0;
  virtual Result<void> deny(web::Context& context, std::string_view id, std::string_view reason) = 0;
};

}  // namespace certwright::gateway::pages
