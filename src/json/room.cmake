certwright_room(json EXPOSES bytes errors)
