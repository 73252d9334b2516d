certwright_room(issuance EXPOSES registration audit keys store clock crypto
                USES signer lint profile ca x509
                SOURCES issuance_service.cc renewal.cc request_digest.cc upkeep.cc
                TESTS issuance_service_test.cc key_slots_test.cc)
