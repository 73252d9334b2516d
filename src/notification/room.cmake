certwright_room(notification
  EXPOSES audit keys mail_address store crypto clock bytes errors
  USES ca json unicode x509
  SYSTEM curl
  SOURCES address_policy.cc courier.cc curl_handle.cc delivery.cc event.cc expiry_sweep.cc https_transport.cc inbox.cc
          mailbox.cc mail_message.cc outbox.cc recipients.cc retention.cc smtp_transport.cc socket_guard.cc template.cc templates.cc
          webhook_secret.cc webhook_url.cc webhooks.cc
  TESTS address_policy_test.cc courier_test.cc delivery_test.cc expiry_sweep_test.cc inbox_test.cc mail_test.cc
        outbox_test.cc retention_test.cc smtp_transport_test.cc socket_guard_test.cc template_test.cc tls_peer_test.cc
        transport_test.cc webhooks_test.cc
  FUZZ webhook_url notification_template mail_header)
