certwright_room(http
  EXPOSES bytes clock errors
  SYSTEM boost openssl systemd
  SOURCES message.cc request_target.cc request_parser.cc response_writer.cc tls_context.cc
          worker_pool.cc listening.cc connection.cc connection_io.cc server.cc service_manager.cc
  TESTS message_test.cc request_parser_test.cc server_test.cc server_limits_test.cc
        server_memory_test.cc tls_test.cc
  FUZZ http_request
  HEAVY)
