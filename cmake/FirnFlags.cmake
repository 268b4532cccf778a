# firn_flags(TARGET): the language, warnings and instrumentation that every target of this tree shares.
set(FIRN_WARNINGS
    -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla
    -Wformat=2 -Wcast-align)

# firn_warnings(TARGET): the same without the instrumentation.
function(firn_warnings target)
  set_target_properties(${target} PROPERTIES C_STANDARD 11 C_STANDARD_REQUIRED ON C_EXTENSIONS OFF
                                             C_VISIBILITY_PRESET hidden)
  target_compile_definitions(${target} PRIVATE _GNU_SOURCE)
  target_compile_options(${target} PRIVATE ${FIRN_WARNINGS})
  if(FIRN_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()

function(firn_flags target)
  firn_warnings(${target})
  if(FIRN_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${FIRN_SANITIZE} -fno-omit-frame-pointer
                                             -fno-sanitize-recover=all)
    target_link_options(${target} PRIVATE -fsanitize=${FIRN_SANITIZE})
  else()
    # Or the linker has "type" be the end of a grammar's "primary_type", 10 MB away, and each such
    # place that is touched maps up to half a megabyte of the program.
    target_compile_options(${target} PRIVATE $<$<C_COMPILER_ID:GNU>:-fno-merge-constants>)
  endif()
  if(FIRN_FUZZ)
    target_compile_options(${target} PRIVATE -fsanitize=fuzzer-no-link)
  endif()
  if(FIRN_COVERAGE)
    target_compile_options(${target} PRIVATE --coverage)
    target_link_options(${target} PRIVATE --coverage)
  endif()
  if(FIRN_GCSTRESS)
    target_compile_definitions(${target} PRIVATE FIRN_GCSTRESS=1)
  endif()
  if(FIRN_FAULTS)
    target_compile_definitions(${target} PRIVATE FIRN_FAULTS=1)
  endif()
endfunction()
