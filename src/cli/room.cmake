certwright_room(cli EXPOSES errors http_client json USES aggregate bytes clock crypto audit x509 gateway/certgen SYSTEM cli
                SOURCES output.cc waiting.cc help.cc session.cc commands.cc completion.cc ca_commands.cc cert_commands.cc
                        access_commands.cc audit_commands.cc kek_commands.cc certgen_commands.cc certgen_ask.cc doctor.cc
                TESTS output_test.cc help_test.cc waiting_test.cc completion_test.cc)
