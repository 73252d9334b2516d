# The rooms, bottom-up: a room may name only rooms above it in this list. Each room says what it is
# made of and what it uses in src/<room>/room.cmake, beside its code. ARCHITECTURE.md has the picture.
set(certwright_rooms_bottom_up
  # vocabulary
  errors bytes clock
  # codecs and engines
  json msgpack der crypto unicode idna mail_address http http_client metrics
  # the standards' types
  x509 pkcs10 ocsp_message
  # services of the one path
  store store/memory store/sqlite keys audit aggregate key_rotation profile lint signer signer/software ca access session
  registration
  # telling people and systems
  notification
  # the one path, and revocation
  issuance revocation
  # life cycle of CAs; the read side; handing out private keys
  authority inventory delivery
  # front doors
  gateway/web gateway/pages gateway/certs gateway/portal gateway/pki gateway/notices gateway/admin gateway/certgen gateway/g3fcgen
  # programs
  cli daemon)

# Those that read hostile input: their tests, corpora too, run under sanitizers in every script/test.
set(certwright_parser_rooms der x509 pkcs10 ocsp_message json msgpack http profile lint mail_address notification)
add_custom_target(parser_tests)
if(CERTWRIGHT_FUZZ)
  add_custom_target(fuzzers)  # what script/fuzz builds
endif()
foreach(room IN LISTS certwright_rooms_bottom_up)
  include(${CMAKE_SOURCE_DIR}/src/${room}/room.cmake)
endforeach()

# A test that no room names would never run.
get_property(named GLOBAL PROPERTY certwright_named_sources)
list(TRANSFORM named REPLACE "/[^/]+/\\.\\./" "/")
file(GLOB_RECURSE unnamed ${CMAKE_SOURCE_DIR}/src/*_test.cc ${CMAKE_SOURCE_DIR}/src/*_fuzz.cc)
list(REMOVE_ITEM unnamed ${named})
if(unnamed)
  message(FATAL_ERROR "no room names ${unnamed}")
endif()

include(${CMAKE_SOURCE_DIR}/bench/bench.cmake)

if(CERTWRIGHT_TESTS AND NOT CERTWRIGHT_FUZZ AND TARGET certwright_authority)
  add_subdirectory(${CMAKE_SOURCE_DIR}/tests/crash ${CMAKE_BINARY_DIR}/tests/crash)
endif()
