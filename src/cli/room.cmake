certwright_room(cli EXPOSES errors http_client json USES bytes clock audit SYSTEM cli
                SOURCES session.cc commands.cc ca_commands.cc cert_commands.cc access_commands.cc audit_commands.cc kek_commands.cc
                        doctor.cc)
