find_package(Git QUIET)
set(CERTWRIGHT_COMMIT "unknown")
if(Git_FOUND)
  execute_process(COMMAND ${GIT_EXECUTABLE} -C ${CMAKE_SOURCE_DIR} rev-parse --short=12 HEAD
                  OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
  if(NOT failed)
    set(CERTWRIGHT_COMMIT ${commit})
  endif()
endif()
# Kept while the commit stays, or every start of script/server would compile this room again.
if(NOT CERTWRIGHT_COMMIT STREQUAL "${CERTWRIGHT_BUILT_COMMIT}" OR CERTWRIGHT_COMMIT STREQUAL "unknown")
  string(TIMESTAMP now "%Y-%m-%dT%H:%M:%SZ" UTC)
  set(CERTWRIGHT_BUILT_COMMIT ${CERTWRIGHT_COMMIT} CACHE INTERNAL "what CERTWRIGHT_BUILD_TIME is of")
  set(CERTWRIGHT_BUILD_TIME ${now} CACHE INTERNAL "when this commit was first configured here")
endif()
configure_file(${CMAKE_SOURCE_DIR}/src/daemon/version.h.in ${CMAKE_BINARY_DIR}/generated/daemon/version.h @ONLY)

certwright_room(daemon
  EXPOSES access aggregate audit authority ca clock crypto delivery inventory issuance key_rotation keys metrics
          registration revocation session store store/memory notification gateway/notices gateway/certgen gateway/g3fcgen http errors bytes
  USES store/sqlite gateway/web gateway/pages gateway/certs gateway/portal gateway/pki gateway/admin json mail_address pkcs10 profile x509 cli
  SYSTEM yaml spdlog cli
  SOURCES configuration.cc log.cc state_directory.cc installation.cc interception.cc issuance_metrics.cc initialise.cc
          root_key.cc server_certificate.cc housekeeping.cc certgen_door.cc gateways.cc notices.cc request_notices.cc serve.cc stand_alone.cc
          generator.cc succession.cc reload.cc options.cc
  TESTS configuration_test.cc documentation_test.cc housekeeping_test.cc reload_test.cc request_notices_test.cc root_key_test.cc
        succession_test.cc)
if(TARGET certwright_daemon)
  target_include_directories(certwright_daemon PUBLIC ${CMAKE_BINARY_DIR}/generated)
  add_executable(certwright ${CMAKE_SOURCE_DIR}/src/daemon/main.cc)
  target_link_libraries(certwright PRIVATE certwright_daemon CLI11::CLI11)
endif()
