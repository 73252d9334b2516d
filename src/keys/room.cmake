certwright_room(keys EXPOSES bytes errors crypto)
