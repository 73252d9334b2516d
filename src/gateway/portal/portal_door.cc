#include "gateway/portal/portal_door.h"

#include "gateway/portal/answers.h"
#include "gateway/portal/ca_template.h"

namespace certwright::gateway::portal {

using access::Action;
using web::Guard;

std::vector<web::Route> Door::routes() {
  std::vector<web::Route> table;
  const auto add = [&](std::string method, std::string pattern, Guard guard, std::string operation,
                       Answer (Door::*member)(web::Context&), std::size_t body_limit_octets = 1024) {
    web::Route route;
    route.method = std::move(method);
    route.pattern = std::move(pattern);
    route.guard = guard;
    route.operation_id = std::move(operation);
    route.door = "portal";
    route.handler = [this, member](web::Context& context) { return (this->*member)(context); };
    route.errors = web::ErrorForm::portal;
    route.body_limit_octets = body_limit_octets;
    table.push_back(std::move(route));
  };
  add("POST", "/csr/process", Guard::needs(Action::certificate_issue_csr), "processCsr", &Door::process, kMaxBodyOctets);
  add("POST", "/csr/select", Guard::needs(Action::certificate_issue_csr), "selectCa", &Door::select, kMaxBodyOctets);
  add("GET", "/csr/ca-template/{caId}", Guard::needs(Action::ca_read), "showCaTemplate", &Door::ca_template);
  add("GET", "/csr/requests/{id}", Guard::needs(Action::request_read), "showCsrRequest", &Door::show);
  return table;
}

Door::Answer Door::process(web::Context& context) {
  context.authorised_by_service();  // it alone knows the CA
  auto form = read_csr_form(context.request.headers.get("Content-Type"), context.request.body, Needs::csr);
  CERTWRIGHT_TRY(const auto outcome, service_.process(std::move(form), context.principal(), context.actor()));
  return outcome_answer(outcome);
}

Door::Answer Door::select(web::Context& context) {
  context.authorised_by_service();  // the caller sees the CAs that it may use, and no others
  CERTWRIGHT_TRY(auto form, read_csr_form(context.request.headers.get("Content-Type"), context.request.body, Needs::nothing));
  CERTWRIGHT_TRY(const auto selection, service_.select(form, context.principal(), context.remote()));
  return selection_answer(selection);
}

Door::Answer Door::ca_template(web::Context& context) {
  const std::string_view id = context.param("caId");
  const auto ca = service_.issuing_ca(id, context.principal());
  // For the audit log, and for the same answer: the service's, which has the name as it was typed.
  if (!ca && ca.error().code == Errc::not_found) (void)context.unknown(Action::ca_read, id);
  else CERTWRIGHT_CHECK(context.authorise(Action::ca_read, {"", std::string(id), ""}, id));
  if (!ca) return tl::unexpected(ca.error());
  return template_answer(service_.template_of(**ca));
}

Door::Answer Door::show(web::Context& context) {
  const std::string_view id = context.param("id");
  CERTWRIGHT_TRY(auto request, requests_.find(id));
  if (!request) return context.unknown(Action::request_read, id);
  CERTWRIGHT_CHECK(context.authorise(Action::request_read, registration::RequestDesk::object_of(*request), id));
  CERTWRIGHT_TRY(const auto outcome, service_.look(*std::move(request)));
  return status_answer(outcome);
}

}  // namespace certwright::gateway::portal
