certwright_room(aggregate EXPOSES audit x509 clock bytes errors
                SOURCES interval_file.cc log.cc proof.cc
                TESTS log_test.cc proof_test.cc
                FUZZ interception_proof)
