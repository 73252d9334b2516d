certwright_room(access
  EXPOSES store crypto clock bytes errors
  USES ca mail_address x509
  SOURCES principal.cc stored_principal.cc token.cc remote_limit.cc authenticator.cc directory.cc
  TESTS principal_test.cc token_test.cc remote_limit_test.cc directory_test.cc
    authenticator_test.cc
  FUZZ api_token)
