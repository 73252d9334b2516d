certwright_room(cli EXPOSES errors http_client json USES aggregate bytes clock crypto audit unicode x509 pkcs10 gateway/certgen SYSTEM cli
                SOURCES output.cc output_file.cc waiting.cc help.cc session.cc commands.cc completion.cc ca_commands.cc cert_commands.cc
                        access_commands.cc account_commands.cc password_prompt.cc audit_commands.cc audit_files.cc kek_commands.cc request_commands.cc case_file.cc case_story.cc request_text.cc csr_commands.cc csr_text.cc
                        selection_commands.cc selection_text.cc notification_commands.cc template_commands.cc template_text.cc
                        certgen_commands.cc certgen_ask.cc doctor.cc diagnosis.cc findings.cc
                TESTS output_test.cc case_story_test.cc request_text_test.cc csr_text_test.cc selection_text_test.cc template_text_test.cc output_file_test.cc diagnosis_test.cc help_test.cc waiting_test.cc completion_test.cc)
