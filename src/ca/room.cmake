certwright_room(ca EXPOSES lint x509 store signer clock bytes errors USES crypto json profile
                SOURCES approval_rule.cc ca_policy.cc certification_authority.cc ca_directory.cc TESTS ca_policy_test.cc
                FUZZ ca_policy)
