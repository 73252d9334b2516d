certwright_room(ocsp_message EXPOSES x509 der bytes clock errors
  SOURCES ocsp_extension.cc ocsp_request.cc ocsp_response.cc
  TESTS ocsp_message_test.cc
  FUZZ ocsp_request)
