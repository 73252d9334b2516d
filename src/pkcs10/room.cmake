certwright_room(pkcs10 EXPOSES x509 der bytes errors SOURCES certification_request.cc)
