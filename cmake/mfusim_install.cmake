# Installation (the program installs itself): each library with its headers, and a package so that `find_package(mfusim)` gives
# the targets mfusim::base, mfusim::model, ...
option(MFUSIM_INSTALL "Install mfusim with the project" ${PROJECT_IS_TOP_LEVEL})
if(NOT MFUSIM_INSTALL)
  return()
endif()

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

get_property(libraries GLOBAL PROPERTY MFUSIM_LIBRARIES)
install(TARGETS ${libraries} EXPORT mfusimTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
# A header is found by its path from the root, here as there. (FILE_SET, made for this, needs CMake 3.23.)
foreach(library IN LISTS libraries)
  get_target_property(folder ${library} SOURCE_DIR)
  get_target_property(headers ${library} SOURCES)
  list(FILTER headers INCLUDE REGEX "\\.hpp$")
  foreach(header IN LISTS headers)
    cmake_path(APPEND folder ${header} OUTPUT_VARIABLE file)
    cmake_path(RELATIVE_PATH file BASE_DIRECTORY ${PROJECT_SOURCE_DIR} OUTPUT_VARIABLE place)
    cmake_path(GET place PARENT_PATH place)
    install(FILES ${file} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/mfusim/${place})
  endforeach()
endforeach()

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/mfusim)
install(EXPORT mfusimTargets NAMESPACE mfusim:: DESTINATION ${package})
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/mfusimConfig.cmake.in ${PROJECT_BINARY_DIR}/mfusimConfig.cmake
                              INSTALL_DESTINATION ${package})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/mfusimConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/mfusimConfig.cmake ${PROJECT_BINARY_DIR}/mfusimConfigVersion.cmake DESTINATION ${package})
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE ${PROJECT_SOURCE_DIR}/NOTICE DESTINATION ${CMAKE_INSTALL_DOCDIR})
