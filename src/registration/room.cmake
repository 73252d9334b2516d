certwright_room(registration EXPOSES access audit ca json pkcs10 profile store clock bytes crypto
                USES der lint session x509
                SOURCES approval_password.cc approval_policy.cc ca_selection.cc examination.cc hierarchy.cc
                        profile_directory.cc profile_publisher.cc registration_authority.cc removed_names.cc renewal.cc request_checks.cc
                        request_content.cc
                        request_decisions.cc request_desk.cc request_digest.cc request_evidence.cc request_step.cc request_submission.cc
                        sample_keys.cc selection_policies.cc selection_policy.cc
                TESTS approval_password_test.cc approval_policy_test.cc ca_selection_test.cc hierarchy_test.cc
              registration_authority_test.cc request_content_test.cc request_decisions_test.cc request_desk_test.cc
              request_evidence_test.cc request_meanwhile_test.cc
                FUZZ selection_policy)
