certwright_room(delivery
  EXPOSES access audit ca keys store crypto clock bytes errors)
