certwright_room(cli EXPOSES errors http_client json USES aggregate bytes clock crypto audit x509 gateway/certgen SYSTEM cli
                SOURCES session.cc commands.cc ca_commands.cc cert_commands.cc access_commands.cc audit_commands.cc certgen_commands.cc
                        certgen_ask.cc doctor.cc)
