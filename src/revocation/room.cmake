certwright_room(revocation
  EXPOSES audit ca signer store x509 clock bytes errors
  USES crypto ocsp_message der
  SOURCES revocation_service.cc revoked_entries.cc crl_issuer.cc crl_content.cc
          ocsp_responder.cc ocsp_cache.cc responder_identities.cc
  TESTS revocation_service_test.cc revoked_entries_test.cc crl_issuer_test.cc ocsp_responder_test.cc)
