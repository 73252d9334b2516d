certwright_room(gateway/pki
  EXPOSES gateway/web revocation ca http clock bytes errors
  USES crypto x509 ocsp_message
  SOURCES door.cc ocsp_path.cc caching.cc prepared_answers.cc
  TESTS door_test.cc ocsp_path_test.cc
  FUZZ ocsp_http)
