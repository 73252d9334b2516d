certwright_room(gateway/certs
  EXPOSES gateway/web access ca delivery http inventory issuance revocation registration
          clock bytes errors
  USES json x509 pkcs10 profile store
  SYSTEM zip
  SOURCES door.cc issue_routes.cc certificate_routes.cc download_routes.cc request_body.cc
          response_body.cc zip_archive.cc
  TESTS request_body_test.cc zip_archive_test.cc wire_test.cc access_test.cc defects_test.cc
        store_defects_test.cc
  FUZZ certs_door)
