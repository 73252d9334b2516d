certwright_room(authority EXPOSES issuance revocation ca keys store audit clock crypto
                USES signer signer/software profile x509 pkcs10 access registration
                SOURCES authority.cc policy_check.cc create.cc carry_over.cc install.cc identities.cc chain.cc stand_alone.cc
                TESTS authority_test.cc hierarchy_test.cc install_test.cc rotation_test.cc stand_alone_test.cc)
