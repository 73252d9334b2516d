certwright_room(lint EXPOSES profile x509 der clock bytes errors USES crypto
                SOURCES extension_rules.cc field_rules.cc inspection.cc issuer_rules.cc issuers_above.cc lint.cc
                        name_constraints.cc profile_rules.cc tbs_view.cc
                TESTS lint_test.cc name_constraints_test.cc
                FUZZ lint interception
                BENCH prepare_bench.cc)
