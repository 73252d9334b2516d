certwright_room(audit
  EXPOSES store crypto clock bytes errors)
