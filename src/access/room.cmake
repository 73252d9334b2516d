certwright_room(access
  EXPOSES store crypto clock bytes errors)
