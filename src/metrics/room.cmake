certwright_room(metrics EXPOSES errors)
