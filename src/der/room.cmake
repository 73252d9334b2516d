certwright_room(der EXPOSES bytes clock errors)
