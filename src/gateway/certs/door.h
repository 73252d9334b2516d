#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "access/principal.h"
#include "ca/ca_directory.h"
#include "clock/clock.h"
#include "delivery/download_grants.h"
#include "errors/result.h"
#include "gateway/web/context.h"
#include "gateway/web/route.h"
#include "inventory/inventory.h"
#include "issuance/issuance_service.h"
#include "revocation/crl_issuer.h"
#include "revocation/revocation_service.h"

namespace certwright::gateway::certs {

// Of the header Idempotency-Key; empty without one. Errors: bad_encoding for two; invalid for one that is too long.
Result<std::string> idempotency_key_of(const web::Context& context);

// The certs service (/certs/...), wire-exact to the service it replaces where that one had a wire
// form: Content-Type is `application/json` without parameters, also on empty 200 answers; JSON
// bodies end with a newline; serials are decimal; a list's keys are PascalCase in their old order.
// What is new is additive. README.md lists the routes and where they differ from the old service.
//
// The serial of the first certificate is the handle of its line of renewals; every serial of the
// line leads to it. Safe to call from any thread.
class Door {
 public:
  struct Dependencies {  // all must outlive the door and its routes
    issuance::IssuanceService& issuance;
    revocation::RevocationService& revocation;
    revocation::CrlIssuer& crls;
    inventory::Inventory& inventory;
    delivery::DownloadGrants& downloads;
    const ca::CaDirectory& cas;
    const Clock& clock;
    // Where requests wait that people must approve. Null: they are refused.
    registration::RequestDesk* requests = nullptr;
  };
  explicit Door(Dependencies dependencies) : d_(dependencies) {}

  // The door must outlive its routes.
  std::vector<web::Route> routes();

 private:
  using Answer = Result<http::Response>;
  Answer issue(web::Context& context);
  Answer issue_from_csr(web::Context& context);
  // What a client hears of a certificate that is there.
  using AnswerOf = std::function<http::Response(const store::CertificateRecord& certificate)>;
  Answer issue_or_wait(registration::IssuanceRequest request, const AnswerOf& answer);
  Answer wait_for_approval(registration::IssuanceRequest request, const Error& why, const AnswerOf& answer);
  Answer list(web::Context& context);
  Answer show(web::Context& context);
  Answer show_chain(web::Context& context);
  Answer renew(web::Context& context);
  Answer revoke(web::Context& context);
  Answer release(web::Context& context);
  Answer revoke_entity(web::Context& context);
  Answer grant_download(web::Context& context);
  Answer download(web::Context& context);
  Answer ca_chain(web::Context& context);
  Answer crl(web::Context& context);

  // The lineage that the path's {serial} belongs to, if the caller may do `action` to it.
  Result<inventory::Lineage> lineage_for(web::Context& context, access::Action action);
  // The CA of ?ca=, or the one that a certificate for anybody would come from.
  Result<ca::CaPtr> ca_for(const web::Context& context) const;

  Dependencies d_;
};

}  // namespace certwright::gateway::certs
