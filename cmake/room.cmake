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
#            `ctest -L '^<room>$'` runs both.
#   HEAVY    its sources compile one at a time (Boost.Asio, Boost.Beast).
# How: the target's include path holds one link, build/rooms/<name>/<name> -> src/<name>.
# Rooms are declared bottom-up, so an upward or circular edge stops configuration.
set_property(GLOBAL PROPERTY certwright_rooms "")

# Labelled with the room, and `parsers` if it is one of certwright_parser_rooms.
function(certwright_test room target name)  # (room target name argument...)
  add_test(NAME ${name} COMMAND ${target} ${ARGN} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}/src/${room})
  set(labels ${room})
  if(room IN_LIST certwright_parser_rooms)
    list(APPEND labels parsers)
    add_dependencies(parser_tests ${target})
  endif()
  set_tests_properties(${name} PROPERTIES LABELS "${labels}")
endfunction()

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

  list(TRANSFORM R_TESTS PREPEND ${here}/)
  list(TRANSFORM R_FUZZ REPLACE "(.+)" "${here}/\\1_fuzz.cc" OUTPUT_VARIABLE fuzz_sources)
  set_property(GLOBAL APPEND PROPERTY certwright_named_sources ${R_SOURCES} ${R_TESTS} ${fuzz_sources})
  if(R_TESTS AND CERTWRIGHT_TESTS AND NOT CERTWRIGHT_FUZZ)
    add_executable(${target}_test ${R_TESTS})
    target_link_libraries(${target}_test PRIVATE ${rooms_so_far} GTest::gmock GTest::gtest_main)
    certwright_wall_for(${target}_test openssl ${R_SYSTEM})
    certwright_test(${name} ${target}_test ${target}_test)
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
      certwright_test(${name} ${parser}_fuzz ${parser}_fuzz_replay testdata/fuzz/${parser})
    endif()
  endforeach()

  if(R_BENCH AND CERTWRIGHT_BENCH)
    list(TRANSFORM R_BENCH PREPEND ${here}/)
    add_executable(${target}_bench ${R_BENCH})
    target_link_libraries(${target}_bench PRIVATE ${rooms_so_far} OpenSSL::Crypto benchmark::benchmark)
  endif()
endfunction()
