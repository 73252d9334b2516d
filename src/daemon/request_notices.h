#pragma once
#include "clock/clock.h"
#include "notification/outbox.h"
#include "registration/request_desk.h"
#include "store/store.h"

namespace certwright::daemon {

// Tells people what becomes of requests: writes the notifications of a step into its transaction.
class RequestNotices final : public registration::RequestCompanion {
 public:
  // All must outlive this.
  RequestNotices(const store::Store& store, const notification::Outbox& outbox, const Clock& clock)
      : store_(store), outbox_(outbox), clock_(clock) {}

  Result<void> accompany(const registration::RequestChange& change, store::Transaction& transaction) override;

 private:
  Result<store::Transaction> about_state(const registration::RequestChange& change) const;
  Result<store::Transaction> no_more_to_decide(const registration::RequestChange& change) const;
  Result<store::Transaction> about_wrong_passwords(const registration::RequestChange& change,
                                                   const audit::Event& locked) const;
  Result<std::string> name_of_principal(std::string_view id) const;
  const store::Store& store_;
  const notification::Outbox& outbox_;
  const Clock& clock_;
};

}  // namespace certwright::daemon
