# find_package(firn): firn::firn is the shared library, firn::firn_static the static one, which needs
# the development files of LZ4, zstd, ISA-L and PCRE2.
include(CMakeFindDependencyMacro)
find_dependency(Threads)
find_dependency(PkgConfig)
pkg_check_modules(LZ4 QUIET IMPORTED_TARGET liblz4)
pkg_check_modules(ZSTD QUIET IMPORTED_TARGET libzstd)
pkg_check_modules(ISAL QUIET IMPORTED_TARGET libisal)
pkg_check_modules(PCRE2 QUIET IMPORTED_TARGET libpcre2-8)
include(${CMAKE_CURRENT_LIST_DIR}/firnTargets.cmake)
