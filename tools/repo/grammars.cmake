# wright_tree_sitter: tree-sitter's core and the grammars as one static library. The archives lie in the user's cache,
# shared by all build folders.
set(cache "$ENV{XDG_CACHE_HOME}")
if(NOT cache)
  set(cache "$ENV{HOME}/.cache")
endif()
set(WRIGHT_GRAMMARS "${cache}/wright/grammars" CACHE PATH "Where the grammars are unpacked")
execute_process(COMMAND ${CMAKE_SOURCE_DIR}/tools/repo/fetch_grammars ${WRIGHT_GRAMMARS} RESULT_VARIABLE failed)
if(failed)
  message(FATAL_ERROR "the tree-sitter grammars could not be fetched; see the line above")
endif()
set(ts ${WRIGHT_GRAMMARS})
add_library(wright_tree_sitter STATIC
  ${ts}/tree-sitter/vendor/tree-sitter/lib/src/lib.c
  ${ts}/tree-sitter-bash/src/parser.c ${ts}/tree-sitter-bash/src/scanner.c
  ${ts}/tree-sitter-c/src/parser.c
  ${ts}/tree-sitter-cpp/src/parser.c ${ts}/tree-sitter-cpp/src/scanner.c
  ${ts}/tree-sitter-go/src/parser.c
  ${ts}/tree-sitter-java/src/parser.c
  ${ts}/tree-sitter-javascript/src/parser.c ${ts}/tree-sitter-javascript/src/scanner.c
  ${ts}/tree-sitter-json/src/parser.c
  ${ts}/tree-sitter-python/src/parser.c ${ts}/tree-sitter-python/src/scanner.c
  ${ts}/tree-sitter-rust/src/parser.c ${ts}/tree-sitter-rust/src/scanner.c
  ${ts}/tree-sitter-typescript/typescript/src/parser.c ${ts}/tree-sitter-typescript/typescript/src/scanner.c
  ${ts}/tree-sitter-typescript/tsx/src/parser.c ${ts}/tree-sitter-typescript/tsx/src/scanner.c)
target_include_directories(wright_tree_sitter PUBLIC ${ts}/tree-sitter/vendor/tree-sitter/lib/include
  PRIVATE ${ts}/tree-sitter/vendor/tree-sitter/lib/src ${ts}/tree-sitter-typescript/typescript/src)
target_compile_options(wright_tree_sitter PRIVATE -w -O1)
