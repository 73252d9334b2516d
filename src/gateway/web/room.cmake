certwright_room(gateway/web
  EXPOSES access audit http json metrics crypto clock bytes errors)
