certwright_room(x509 EXPOSES der bytes clock errors USES unicode
  SOURCES serial_number.cc revocation_reason.cc algorithm_identifier.cc subject_public_key_info.cc
          name.cc name_text.cc host_name.cc general_name.cc extension.cc certificate_extensions.cc
          crl_extensions.cc signed_encoding.cc certificate.cc tbs_certificate.cc
          certificate_list.cc lenient_certificate.cc pem.cc
  TESTS serial_number_test.cc name_test.cc general_name_test.cc extension_test.cc
        certificate_test.cc certificate_list_test.cc lenient_certificate_test.cc pem_test.cc
  FUZZ certificate certificate_list ip_address name_text pem serial_number
  BENCH x509_bench.cc)
