certwright_room(http_client EXPOSES bytes errors)
