certwright_room(x509 EXPOSES der bytes clock errors)
