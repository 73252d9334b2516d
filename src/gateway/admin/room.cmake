certwright_room(gateway/admin
  EXPOSES gateway/web access audit authority ca issuance key_rotation registration revocation session clock errors
  USES aggregate json http profile x509 crypto bytes
  SOURCES admin_door.cc ca_routes.cc ca_body.cc profile_routes.cc access_routes.cc account_routes.cc audit_routes.cc
          kek_routes.cc interception_routes.cc request_body.cc request_case.cc request_routes.cc rights_body.cc
  TESTS account_routes_test.cc admin_door_test.cc ca_routes_test.cc kek_routes_test.cc openapi_test.cc request_routes_test.cc
        rights_body_test.cc
  FUZZ admin_door)
