certwright_room(access
  EXPOSES store crypto clock bytes errors
  USES x509
  SOURCES principal.cc token.cc remote_limit.cc authenticator.cc directory.cc)
