certwright_room(store/sqlite
  EXPOSES store errors
  SYSTEM sqlite
  SOURCES certificate_commands.cc checkpointer.cc command_runner.cc database.cc id_stream.cc
          indexer.cc lineage_search.cc lineage_state.cc lineage_streams.cc notification_commands.cc notification_reads.cc ownership_lock.cc
          parker.cc request_commands.cc request_reads.cc revocation_commands.cc rows.cc session_commands.cc
          schema.cc sqlite_reads.cc sqlite_store.cc statements.cc tail.cc writer.cc
  TESTS lineage_state_test.cc migration_test.cc power_loss_test.cc power_loss_vfs.cc query_plan_test.cc sqlite_contract_test.cc sqlite_store_test.cc
        ../store_contract_certificates_test.cc ../store_contract_concurrency_test.cc
        ../store_contract_directory_test.cc ../store_contract_notification_test.cc ../store_contract_revocation_test.cc
        ../store_contract_request_test.cc ../store_contract_search_test.cc ../store_contract_session_test.cc
  BENCH sqlite_store_bench.cc)

# The migrations, inside the program.
file(GLOB schema_files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/store/schema/*.sql)
set(embedded_schema ${CMAKE_BINARY_DIR}/generated/store_sqlite_migrations.cc)
set(embed_schema ${CMAKE_SOURCE_DIR}/src/store/sqlite/embed_schema.cmake)
add_custom_command(
  OUTPUT ${embedded_schema}
  COMMAND ${CMAKE_COMMAND} -DFOLDER=${CMAKE_SOURCE_DIR}/src/store/schema -DOUTPUT=${embedded_schema}
          -P ${embed_schema}
  DEPENDS ${schema_files} ${embed_schema}
  VERBATIM)
target_sources(certwright_store_sqlite PRIVATE ${embedded_schema})
