#pragma once
#include <optional>
#include <string>
#include <vector>

#include "audit/journal.h"
#include "clock/clock.h"
#include "notification/template.h"
#include "store/store.h"

namespace certwright::notification {

// The tenant's own template of an event, or the one that Certwright ships.
Result<Template> template_in_force(const store::Store& store, std::string_view tenant, EventKind kind);

struct TenantTemplate {
  EventKind kind;
  Template wording;
  bool own = false;  // the tenant's; else the shipped one
  std::string updated_by;
  std::optional<Time> updated_at;
};

// The tenants' wordings. Does not authorise. Safe to call from any thread.
class Templates {
 public:
  // All must outlive this.
  Templates(store::Store& store, audit::Journal& journal, const Clock& clock)
      : store_(store), journal_(journal), clock_(clock) {}

  // One for each event. Errors: of the store.
  Result<std::vector<TenantTemplate>> list(std::string_view tenant) const;
  Result<TenantTemplate> find(std::string_view tenant, EventKind kind) const;
  // Errors: of check_template(); not_found for the tenant ("*" has templates too).
  Result<void> put(std::string_view tenant, EventKind kind, const Template& wording, const audit::Actor& actor);
  // Back to the shipped one. Errors: not_found if the tenant has none of its own.
  Result<void> remove(std::string_view tenant, EventKind kind, const audit::Actor& actor);
  // With made-up facts, some of them hostile. Errors: of check_template().
  static Result<Rendered> preview(EventKind kind, const Template& wording);

 private:
  store::Store& store_;
  audit::Journal& journal_;
  const Clock& clock_;
};

}  // namespace certwright::notification
