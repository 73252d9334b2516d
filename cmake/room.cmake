# certwright_room(NAME [EXPOSES room...] [USES room...] [SYSTEM library...]
#                 [SOURCES f...] [TESTS f...] [FUZZ parser...] [BENCH f...] [HEAVY])
#
# One target per folder of src/. A room can include a header of another room only if it
# names that room, and a library's header only if it names the library:
#   EXPOSES  rooms whose types appear in this room's headers; its users see them too.
#   USES     rooms that only its .cc files include; its users do not see them.
#   SYSTEM   libraries of cmake/libraries.cmake that its .cc files include.
#   TESTS    one executable certwright_<room>_test, run in the room's folder; tests may
#            include every room declared so far and OpenSSL, which is their oracle.
#   FUZZ     <parser>_fuzz.cc; replayed over testdata/fuzz/<parser>/ by ordinary tests.
#   HEAVY    its sources compile one at a time (Boost.Asio, Boost.Beast).
# How: the target's include path holds one link, build/rooms/<name>/<name> -> src/<name>.
# Rooms are declared bottom-up, so an upward or circular edge stops configuration.
set_property(GLOBAL PROPERTY certwright_rooms "")

function(certwright_wall_for target)  # (target allowed-library...)
  foreach(library IN LISTS certwright_libraries)
    if(NOT library IN_LIST ARGN)
      target_include_directories(${target} BEFORE PRIVATE ${certwright_wall}/${library})
    else()
      target_link_libraries(${target} PRIVATE ${certwright_link_${library}})
    endif()
  endforeach()
endfunction()

function(certwright_room name)
  cmake_parse_arguments(R "HEAVY" "" "EXPOSES;USES;SYSTEM;SOURCES;TESTS;FUZZ;BENCH" ${ARGN})
  if(R_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "certwright_room(${name}): what is ${R_UNPARSED_ARGUMENTS}?")
  endif()
  set(here ${CMAKE_SOURCE_DIR}/src/${name})
  set(root ${CMAKE_BINARY_DIR}/rooms/${name})
  cmake_path(GET name PARENT_PATH group)
  file(MAKE_DIRECTORY ${root}/${group})
  file(CREATE_LINK ${here} ${root}/${name} SYMBOLIC)
  string(REPLACE "/" "_" target certwright_${name})

  if(R_SOURCES)
    list(TRANSFORM R_SOURCES PREPEND ${here}/)
    add_library(${target} STATIC ${R_SOURCES})
    set(visible PUBLIC)
    certwright_wall_for(${target} ${R_SYSTEM})
    if(R_HEAVY)
      set_property(TARGET ${target} PROPERTY JOB_POOL_COMPILE heavy)
    endif()
  else()
    add_library(${target} INTERFACE)
    set(visible INTERFACE)
  endif()
  target_include_directories(${target} ${visible} ${root})
  target_link_libraries(${target} ${visible} fmt::fmt)

  foreach(dep IN LISTS R_EXPOSES R_USES)
    string(REPLACE "/" "_" dep_target certwright_${dep})
    if(NOT TARGET ${dep_target})
      message(FATAL_ERROR "room ${name} names ${dep}, which is not below it")
    endif()
    if(dep IN_LIST R_EXPOSES)
      target_link_libraries(${target} ${visible} ${dep_target})
    else()
      target_link_libraries(${target} PRIVATE ${dep_target})
    endif()
  endforeach()
  set_property(GLOBAL APPEND PROPERTY certwright_rooms ${target})
  get_property(rooms_so_far GLOBAL PROPERTY certwright_rooms)

  if(R_TESTS AND CERTWRIGHT_TESTS AND NOT CERTWRIGHT_FUZZ)
    list(TRANSFORM R_TESTS PREPEND ${here}/)
    add_executable(${target}_test ${R_TESTS})
    target_link_libraries(${target}_test PRIVATE ${rooms_so_far} GTest::gmock GTest::gtest_main)
    certwright_wall_for(${target}_test openssl ${R_SYSTEM})
    add_test(NAME ${target}_test COMMAND ${target}_test WORKING_DIRECTORY ${here})
  endif()

  foreach(parser IN LISTS R_FUZZ)
    if(NOT CERTWRIGHT_TESTS AND NOT CERTWRIGHT_FUZZ)
      break()
    endif()
    add_executable(${parser}_fuzz ${here}/${parser}_fuzz.cc)
    target_link_libraries(${parser}_fuzz PRIVATE ${rooms_so_far} OpenSSL::Crypto)
    if(CERTWRIGHT_FUZZ)
      add_dependencies(fuzzers ${parser}_fuzz)
      target_link_options(${parser}_fuzz PRIVATE -fsanitize=fuzzer)
    else()
      target_sources(${parser}_fuzz PRIVATE ${CMAKE_SOURCE_DIR}/cmake/replay_main.cc)
      add_test(NAME ${parser}_fuzz_replay COMMAND ${parser}_fuzz ${here}/testdata/fuzz/${parser})
    endif()
  endforeach()

  if(R_BENCH AND CERTWRIGHT_BENCH)
    list(TRANSFORM R_BENCH PREPEND ${here}/)
    add_executable(${target}_bench ${R_BENCH})
    target_link_libraries(${target}_bench PRIVATE ${rooms_so_far} OpenSSL::Crypto benchmark::benchmark)
  endif()
endfunction()
