certwright_room(store/memory
  EXPOSES store errors
  SOURCES memory_store.cc commands.cc notification_commands.cc notification_reads.cc requests.cc session_commands.cc
  TESTS memory_store_test.cc ../store_contract_certificates_test.cc
        ../store_contract_concurrency_test.cc ../store_contract_directory_test.cc ../store_contract_notification_test.cc
        ../store_contract_request_test.cc ../store_contract_revocation_test.cc
        ../store_contract_search_test.cc ../store_contract_session_test.cc)
