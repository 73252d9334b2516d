# What script/bench runs; built with CERTWRIGHT_BENCH only.
if(CERTWRIGHT_BENCH)
  get_property(certwright_all_rooms GLOBAL PROPERTY certwright_rooms)
  add_executable(targets_bench ${CMAKE_SOURCE_DIR}/bench/targets_bench.cc)
  target_link_libraries(targets_bench PRIVATE ${certwright_all_rooms})
  add_executable(scale_bench ${CMAKE_SOURCE_DIR}/bench/scale_bench.cc)
  target_link_libraries(scale_bench PRIVATE certwright_revocation certwright_store_sqlite
                        certwright_store_memory certwright_signer_software fmt::fmt sqlite3)
endif()
