certwright_room(cli EXPOSES errors USES http_client json bytes clock audit x509 profile SYSTEM cli SOURCES commands.cc)
