certwright_room(registration EXPOSES access audit ca pkcs10 profile store clock USES crypto json x509
                SOURCES profile_directory.cc registration_authority.cc
                TESTS registration_authority_test.cc)
