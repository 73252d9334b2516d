certwright_room(gateway/portal
  EXPOSES gateway/pages gateway/web access audit ca http issuance pkcs10 registration store clock bytes errors
  USES json profile session crypto x509
  SOURCES answers.cc ca_template.cc comparison.cc csr_form.cc csr_service.cc portal_door.cc portal_pages.cc
  TESTS choices_test.cc csr_form_test.cc portal_pages_test.cc portal_test.cc refusals_test.cc
  FUZZ csr_form portal_door)
