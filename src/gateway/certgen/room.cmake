certwright_room(gateway/certgen
  EXPOSES issuance bytes clock errors
  USES msgpack x509
  SOURCES request.cc response.cc answer.cc peer.cc
  TESTS request_test.cc response_test.cc answer_test.cc peer_test.cc
  FUZZ certgen_request certgen_response)
