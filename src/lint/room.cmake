certwright_room(lint EXPOSES profile x509 bytes errors)
