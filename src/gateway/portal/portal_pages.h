#pragma once
#include "gateway/pages/portal_port.h"
#include "gateway/portal/csr_service.h"

namespace certwright::gateway::portal {

// The portal for people: what gateway/pages shows, by the workflow that programs have too.
class PortalPages final : public pages::PortalPort {
 public:
  struct Dependencies {  // all must outlive the pages
    CsrService& csr;
    registration::RequestDesk& requests;
    issuance::IssuanceService& issuance;
    const store::Store& store;
    const Clock& clock;
  };
  explicit PortalPages(Dependencies dependencies) : d_(dependencies) {}

  Result<std::vector<pages::CaChoice>> issuing_cas(web::Context& context) override;
  Result<std::vector<std::string>> tenants(web::Context& context) override;
  Result<std::string> upload(web::Context& context, pages::Upload upload) override;
  Result<pages::RequestRows> own_requests(web::Context& context, std::string_view after) override;
  Result<pages::RequestView> find(web::Context& context, std::string_view id) override;
  Result<void> withdraw(web::Context& context, std::string_view id, std::string_view reason) override;
  Result<pages::RequestRows> queue(web::Context& context, std::string_view after) override;
  Result<pages::Review> review(web::Context& context, std::string_view id) override;
  Result<pages::Review> preview(web::Context& context, const pages::Decision& decision) override;
  Result<void> approve(web::Context& context, const pages::Decision& decision) override;
  Result<void> deny(web::Context& context, std::string_view id, std::string_view reason) override;

 private:
  // If the caller may do that to it.
  Result<store::RequestRecord> load(web::Context& context, access::Action action, std::string_view id) const;
  Result<std::string> name_of_principal(std::string_view id) const;
  Result<pages::RequestRow> row_of(const store::RequestRecord& request) const;
  Result<pages::RequestRows> rows_of(const store::RequestList& list, std::string_view but_not_of) const;
  Result<pages::RequestView> view_of(const store::RequestRecord& request, const access::Principal& who) const;
  Result<void> add_comparison(const store::RequestRecord& request, const registration::Examination& seen,
                              pages::Review& review) const;
  Result<registration::RequestDesk::Decision> desk_decision(web::Context& context, const pages::Decision& decision) const;
  Result<void> add_steps(const store::RequestRecord& request, const access::Principal& who, std::string_view purpose,
                         pages::RequestView& view) const;
  Result<void> add_certificate(const store::RequestRecord& request, pages::RequestView& view) const;

  Dependencies d_;
};

}  // namespace certwright::gateway::portal
