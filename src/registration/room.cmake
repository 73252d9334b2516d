certwright_room(registration EXPOSES access audit ca json pkcs10 profile store clock USES crypto x509
                SOURCES hierarchy.cc profile_directory.cc profile_publisher.cc registration_authority.cc
                TESTS hierarchy_test.cc registration_authority_test.cc)
