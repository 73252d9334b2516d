#pragma once
// The two ways out of the server, as the couriers see them.
#include <atomic>
#include <string>
#include <utility>
#include <vector>

#include "notification/mail_message.h"
#include "notification/webhook_url.h"

namespace certwright::notification {

// Set when the server stops: what is under way is given up within about a second.
using Stop = std::atomic<bool>;

class MailTransport {
 public:
  virtual ~MailTransport() = default;
  // Success: a server has taken charge of the message. Errors: gone if it refuses this recipient for good,
  // policy if it refuses this very message for good; anything else: it may have been taken all the same, and
  // may be tried later. The detail names no password and no text of the message.
  virtual Result<void> send(const MailMessage& message, const Stop& stop) = 0;
};

struct WebhookRequest {
  WebhookUrl url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

class WebhookTransport {
 public:
  virtual ~WebhookTransport() = default;
  // The status of the answer, of whatever kind. Errors: policy if the address is not to be reached;
  // unavailable if there was no answer.
  virtual Result<int> post(const WebhookRequest& request, const Stop& stop) = 0;
};

}  // namespace certwright::notification
