# What `make install` lays out: the libraries, their headers, a pkg-config file, a CMake package, and
# the program with its manual pages and completion.
include(CMakePackageConfigHelpers)

install(TARGETS firn_shared firn_static EXPORT firn)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/firn DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        FILES_MATCHING PATTERN "*.h")

# Relative to the file itself, so that the prefix may be chosen when installing.
file(RELATIVE_PATH FIRN_PREFIX_FROM_PC /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
configure_file(${PROJECT_SOURCE_DIR}/cmake/firn.pc.in ${PROJECT_BINARY_DIR}/firn.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/firn.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/firn)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/firnConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion)
install(EXPORT firn NAMESPACE firn:: FILE firnTargets.cmake DESTINATION ${package})
install(FILES ${PROJECT_SOURCE_DIR}/cmake/firnConfig.cmake
              ${PROJECT_BINARY_DIR}/firnConfigVersion.cmake DESTINATION ${package})

if(TARGET firn)
  install(TARGETS firn)
  install(TARGETS firn_run firn_track LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/firn)
  if(TARGET firn_page)
    install(TARGETS firn_page RUNTIME DESTINATION ${CMAKE_INSTALL_LIBDIR}/firn)
  endif()

  set(papers "")
  # firn_completion(SHELL FILE FOLDER)
  function(firn_completion shell file folder)
    set(out ${PROJECT_BINARY_DIR}/completion/${file})
    add_custom_command(OUTPUT ${out} DEPENDS firn VERBATIM
                       COMMAND ${CMAKE_COMMAND} -E make_directory ${PROJECT_BINARY_DIR}/completion
                       COMMAND firn --completion ${shell} > ${out})
    set(papers ${papers} ${out} PARENT_SCOPE)
    install(FILES ${out} DESTINATION ${CMAKE_INSTALL_DATADIR}/${folder})
  endfunction()
  firn_completion(bash firn bash-completion/completions)
  firn_completion(zsh _firn zsh/site-functions)
  firn_completion(fish firn.fish fish/vendor_completions.d)

  find_program(SCDOC scdoc)
  if(SCDOC)
    # The program knows which pages there are.
    set(pages ${PROJECT_BINARY_DIR}/man)
    add_custom_command(OUTPUT ${pages}/firn.1 DEPENDS firn ${PROJECT_SOURCE_DIR}/cmake/Manuals.cmake VERBATIM
                       COMMAND ${CMAKE_COMMAND} -DFIRN=$<TARGET_FILE:firn> -DSCDOC=${SCDOC} -DOUT=${pages}
                               -P ${PROJECT_SOURCE_DIR}/cmake/Manuals.cmake)
    list(APPEND papers ${pages}/firn.1)
    install(DIRECTORY ${pages}/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 FILES_MATCHING PATTERN "*.1")
  else()
    message(STATUS "scdoc is missing: there will be no manual pages")
  endif()
  add_custom_target(papers ALL DEPENDS ${papers})
endif()

# So that a program which is linked to the shared library finds it at once; another prefix is none of the
# loader's, and who is not root may not.
find_program(LDCONFIG ldconfig PATHS /sbin /usr/sbin)
if(LDCONFIG)
  install(CODE "
    if(\"\$ENV{DESTDIR}\" STREQUAL \"\")
      execute_process(COMMAND ${LDCONFIG} OUTPUT_QUIET ERROR_QUIET RESULT_VARIABLE unused)
    endif()")
endif()
