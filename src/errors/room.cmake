certwright_room(errors)
