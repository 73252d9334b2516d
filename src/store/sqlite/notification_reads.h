#pragma once
#include "store/notification_queries.h"
#include "store/sqlite/reader_pool.h"

namespace certwright::store::sqlite {

class NotificationReads final : public NotificationQueries {
 public:
  explicit NotificationReads(ReaderPool& readers) : readers_(readers) {}

  Result<std::vector<NotificationLane>> due_lanes(NotificationChannel channel, Time now,
                                                  std::uint32_t limit) const override;
  Result<std::vector<NotificationRecord>> waiting(NotificationChannel channel, std::string_view recipient,
                                                  std::uint32_t limit) const override;
  Result<std::vector<NotificationRecord>> in_product(std::string_view principal, NotificationId before,
                                                     std::uint32_t limit) const override;
  Result<std::vector<NotificationRecord>> about(std::string_view recipient, std::string_view event,
                                                std::string_view subject) const override;
  Result<std::vector<NotificationRecord>> told_about(std::string_view tenant,
                                                     std::string_view subject) const override;
  Result<std::optional<NotificationRecord>> find(NotificationId id) const override;
  Result<bool> is_enqueued(std::string_view deduplication_key) const override;
  Result<std::uint32_t> count_before(NotificationState state, Time before, std::uint32_t limit) const override;
  Result<NotificationTotals> totals() const override;
  Result<std::optional<WebhookRecord>> find_webhook(std::string_view id) const override;
  Result<std::vector<WebhookRecord>> list_webhooks(std::string_view tenant) const override;
  Result<std::optional<NotificationTemplateRecord>> find_template(std::string_view tenant,
                                                                  std::string_view event) const override;
  Result<std::vector<NotificationTemplateRecord>> list_templates(std::string_view tenant) const override;
  Result<std::vector<RoleBindingRecord>> role_holders(std::string_view role,
                                                      std::string_view tenant) const override;

 private:
  ReaderPool& readers_;
};

}  // namespace certwright::store::sqlite
