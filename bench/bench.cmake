# What script/bench runs; built with CERTWRIGHT_BENCH only.
if(CERTWRIGHT_BENCH)
  get_property(certwright_all_rooms GLOBAL PROPERTY certwright_rooms)
  foreach(program targets_bench constant_server)
    add_executable(${program} ${CMAKE_SOURCE_DIR}/bench/${program}.cc)
    target_link_libraries(${program} PRIVATE ${certwright_all_rooms})
  endforeach()
  add_executable(scale_bench ${CMAKE_SOURCE_DIR}/bench/scale_bench.cc)
  target_link_libraries(scale_bench PRIVATE certwright_revocation certwright_store_sqlite
                        certwright_store_memory certwright_signer_software fmt::fmt sqlite3)
  add_executable(certgen_load ${CMAKE_SOURCE_DIR}/bench/certgen_load.cc)
  target_link_libraries(certgen_load PRIVATE certwright_gateway_certgen certwright_msgpack)
endif()
