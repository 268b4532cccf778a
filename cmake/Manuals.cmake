# Writes all manual pages of the program FIRN into the folder OUT, by SCDOC:
#     cmake -DFIRN=build/release/firn -DSCDOC=scdoc -DOUT=man -P Manuals.cmake
file(REMOVE_RECURSE ${OUT}) # with those of commands that are gone
file(MAKE_DIRECTORY ${OUT})
execute_process(COMMAND ${FIRN} --manuals OUTPUT_VARIABLE names COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "[^\n]+" names "${names}")
foreach(name IN LISTS names ITEMS "")
  string(REPLACE " " ";" words "${name}")
  list(JOIN words - page)
  set(page "${OUT}/firn-${page}")
  if(NOT name)
    set(page ${OUT}/firn)
  endif()
  execute_process(COMMAND ${FIRN} --manual ${words} OUTPUT_FILE ${page}.scd COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND ${SCDOC} INPUT_FILE ${page}.scd OUTPUT_FILE ${page}.1 COMMAND_ERROR_IS_FATAL ANY)
endforeach()
