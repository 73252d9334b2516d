certwright_room(http_client
  EXPOSES bytes errors
  SYSTEM curl
  SOURCES client.cc
  TESTS client_test.cc)
