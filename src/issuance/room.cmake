certwright_room(issuance EXPOSES registration aggregate audit keys profile store clock crypto bytes errors
                USES signer lint ca der x509
                SOURCES interception_service.cc issuance_service.cc key_pool.cc replay.cc resume.cc
                        serial_source.cc upkeep.cc
                TESTS interception_service_test.cc interception_vectors_test.cc issuance_service_test.cc idempotency_test.cc
                      renewal_test.cc failure_test.cc key_pool_test.cc key_slots_test.cc resume_test.cc
                      waiting_test.cc
                BENCH interception_bench.cc)
