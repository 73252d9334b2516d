#pragma once
#include <vector>

#include "gateway/portal/csr_service.h"
#include "gateway/web/context.h"
#include "gateway/web/route.h"

namespace certwright::gateway::portal {

// The CSR portal's JSON: POST /csr/process, POST /csr/select, GET /csr/ca-template/{caId},
// GET /csr/requests/{id}. Answers have "success" and "message"; README.md lists the rest. The pages that
// people see are another room's. Safe to call from any thread.
class Door {
 public:
  explicit Door(CsrService& service, registration::RequestDesk& requests) : service_(service), requests_(requests) {}

  // The door must outlive its routes.
  std::vector<web::Route> routes();

 private:
  using Answer = Result<http::Response>;
  Answer process(web::Context& context);
  Answer select(web::Context& context);
  Answer ca_template(web::Context& context);
  Answer show(web::Context& context);

  CsrService& service_;
  registration::RequestDesk& requests_;
};

}  // namespace certwright::gateway::portal
