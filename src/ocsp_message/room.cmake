certwright_room(ocsp_message EXPOSES x509 der bytes clock errors)
