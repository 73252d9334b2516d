certwright_room(profile EXPOSES store pkcs10 x509 crypto der json clock bytes errors
                USES idna
                SOURCES build.cc document_names.cc duration.cc from_certificate.cc from_csr.cc interception.cc interception_names.cc key_usage.cc name_rule.cc profile_document.cc
                        requested_extensions.cc shipped_profiles.cc shown.cc subject.cc uri_parts.cc
                TESTS build_test.cc build_refusal_test.cc duration_test.cc from_csr_test.cc interception_test.cc name_rule_test.cc
                      profile_document_test.cc shipped_profiles_test.cc
                FUZZ duration profile_document)
