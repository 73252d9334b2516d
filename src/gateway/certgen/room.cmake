certwright_room(gateway/certgen
  EXPOSES issuance metrics bytes clock errors
  USES msgpack x509 crypto
  SOURCES request.cc response.cc answer.cc answer_cache.cc peer.cc socket_address.cc udp_socket.cc flight_queue.cc door.cc door_metrics.cc client.cc
  TESTS request_test.cc response_test.cc answer_test.cc answer_cache_test.cc peer_test.cc udp_socket_test.cc
        flight_queue_test.cc door_test.cc client_test.cc
  FUZZ certgen_request certgen_response)
