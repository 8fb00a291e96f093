# The build's own vocabulary: compiler flags, one static library a folder, embedded text files, pinned grammars.
# Each wright_library() names what it may use; that list and tests/style/arrows.txt say the same thing.

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g1")
set(CMAKE_C_FLAGS_DEBUG "-O1 -g1")
set(CMAKE_CXX_FLAGS_RELEASE "-O2")
set(CMAKE_C_FLAGS_RELEASE "-O2")
add_compile_definitions(_GNU_SOURCE)

find_program(WRIGHT_CCACHE ccache)
if(WRIGHT_CCACHE)
  # Paths relative to the checkout, so that two checkouts share one cache.
  set(WRIGHT_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1
      CCACHE_SLOPPINESS=time_macros,pch_defines ${WRIGHT_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${WRIGHT_LAUNCHER})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${WRIGHT_LAUNCHER})
endif()
find_program(WRIGHT_MOLD mold)
if(WRIGHT_MOLD)
  add_link_options(-fuse-ld=mold)
endif()
if(WRIGHT_SANITIZE)
  add_compile_options(-fsanitize=${WRIGHT_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${WRIGHT_SANITIZE})
endif()
if(WRIGHT_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

set(WRIGHT_WARNINGS -Wall -Wextra -Werror -Wno-missing-field-initializers)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 warns falsely at -O2: -Wrestrict on std::string::replace (GCC bug 105651), -Wmaybe-uninitialized on std::variant.
  list(APPEND WRIGHT_WARNINGS -Wno-psabi -Wno-restrict -Wno-maybe-uninitialized)
endif()

# Kernels are compiled once per instruction set; the file's name says which. Chosen at run time.
set(WRIGHT_ISA_avx2 -mavx2 -mfma -mf16c)
# (-Wno-uninitialized: GCC 12's own AVX-512 header)
set(WRIGHT_ISA_avx512 -Wno-uninitialized -mavx512f -mavx512bw -mavx512vl -mavx512dq -mavx2 -mfma -mf16c)
set(WRIGHT_ISA_vnni ${WRIGHT_ISA_avx512} -mavx512vnni)
set(WRIGHT_ISA_amx ${WRIGHT_ISA_vnni} -mavx512bf16 -mamx-tile -mamx-int8 -mamx-bf16)

# wright_library(engine/tensor [DEPS target…]): every .cpp of that folder (not of its subfolders) becomes the
# static library wright_engine_tensor. The glob is re-checked at each build.
function(wright_library path)
  cmake_parse_arguments(ARG "" "" "DEPS" ${ARGN})
  string(REPLACE "/" "_" name wright_${path})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${path}/*.cpp)
  if(NOT sources)
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE ${ARG_DEPS})
    return()
  endif()
  add_library(${name} STATIC ${sources})
  target_compile_options(${name} PRIVATE ${WRIGHT_WARNINGS})
  target_link_libraries(${name} PUBLIC ${ARG_DEPS})
  foreach(source ${sources})
    foreach(isa avx2 avx512 vnni amx)
      if(source MATCHES "_${isa}\\.cpp$")
        set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS "-O3;-ffp-contract=off;${WRIGHT_ISA_${isa}}")
      endif()
    endforeach()
  endforeach()
endfunction()

# wright_quick_build(target <header>…): for code that is never hot but includes much (CLI11, Catch2): -O1, and these third-party
# headers parsed once. GCC only: the clang build is small and checks that every source includes what it uses.
function(wright_quick_build target)
  target_compile_options(${target} PRIVATE -O1 -Wno-array-bounds -Wno-stringop-overflow)  # (false at -O1 in GCC 12)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_precompile_headers(${target} PRIVATE ${ARGN})
    target_compile_options(${target} PRIVATE -fpch-preprocess)  # so that ccache sees what was included
  endif()
endfunction()

# wright_embed(target SYMBOL file…): the files' bytes as `extern const wright::EmbeddedFile SYMBOL[]`, ended by a null
# name, keyed by file name. Declare it where it is used: see base/embed.h.
function(wright_embed target symbol)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/${symbol}_embedded.cpp)
  add_custom_command(OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -DOUT=${out} -DSYMBOL=${symbol} "-DFILES=${ARGN}"
            -P ${CMAKE_SOURCE_DIR}/base/cmake/embed.cmake
    DEPENDS ${ARGN} ${CMAKE_SOURCE_DIR}/base/cmake/embed.cmake VERBATIM)
  target_sources(${target} PRIVATE ${out})
endfunction()
