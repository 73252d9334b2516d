certwright_room(http EXPOSES bytes clock errors)
