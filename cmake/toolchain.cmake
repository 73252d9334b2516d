# Warnings, sanitizers, ccache and the linker: what every target shares.
add_compile_options(-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Werror
                    -fstack-protector-strong)
if(CMAKE_UNITY_BUILD AND CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  # GCC takes the .cc files of a unity build for headers and warns of their private types.
  add_compile_options(-Wno-subobject-linkage)
endif()
if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
  # The OpenAPI document is one literal: more than the standard promises, less than compilers take.
  # libstdc++ up to 12 sorts stably with a function of its own that it calls deprecated.
  add_compile_options(-Wno-overlength-strings -Wno-deprecated-declarations)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 13)
  # GCC 14 takes an empty std::optional<std::vector> for one that was never written, and every
  # reference that a function given a temporary returns for one to that temporary.
  add_compile_options(-Wno-error=maybe-uninitialized -Wno-dangling-reference)
endif()
if(NOT CERTWRIGHT_SANITIZE AND NOT CERTWRIGHT_FUZZ)
  add_compile_definitions($<$<NOT:$<CONFIG:Debug>>:_FORTIFY_SOURCE=2>)
endif()
if(CERTWRIGHT_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all)
  add_link_options(-fsanitize=address,undefined)
elseif(CERTWRIGHT_SANITIZE)
  add_compile_options(-fsanitize=${CERTWRIGHT_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${CERTWRIGHT_SANITIZE})
  # GCC 12 reports false positives in its own headers under sanitizers.
  add_compile_options(-Wno-error=maybe-uninitialized -Wno-error=tsan)
endif()

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()
find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()

# Boost.Beast and Boost.Asio need up to 1.3 GB per compiler: one at a time.
set_property(GLOBAL PROPERTY JOB_POOLS heavy=1)
