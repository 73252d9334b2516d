certwright_room(delivery
  EXPOSES access audit ca keys store crypto clock bytes errors
  USES x509 json
  SOURCES grant_token.cc stored_principals.cc download_grants.cc
  TESTS grant_token_test.cc download_grants_test.cc
  FUZZ grant_token)
