certwright_room(pkcs10 EXPOSES x509 der bytes errors
  SOURCES certification_request.cc
  TESTS certification_request_test.cc mutation_test.cc
  FUZZ certification_request)
