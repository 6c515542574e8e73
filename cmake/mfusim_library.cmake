# One folder is one library target.
#   mfusim_library(base SOURCES a.cpp HEADERS a.hpp DEPENDS other PUBLIC_LIBRARIES fmt::fmt PRIVATE_LIBRARIES yaml-cpp ALONE b.cpp)
# The presets compile several files at once (CMAKE_UNITY_BUILD); ALONE: more sources, which keep to themselves there, as they have
# unnamed functions of the same names: one file each for schedules, fitted laws and readers.
function(mfusim_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;HEADERS;DEPENDS;PUBLIC_LIBRARIES;PRIVATE_LIBRARIES;ALONE" ${ARGN})
  set(target mfusim_${name})
  add_library(${target} STATIC ${ARG_SOURCES} ${ARG_ALONE} ${ARG_HEADERS})
  add_library(mfusim::${name} ALIAS ${target})
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_include_directories(${target} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}> $<INSTALL_INTERFACE:include/mfusim>)
  foreach(dependency IN LISTS ARG_DEPENDS)
    target_link_libraries(${target} PUBLIC mfusim::${dependency})
  endforeach()
  target_link_libraries(${target} PUBLIC ${ARG_PUBLIC_LIBRARIES} PRIVATE ${ARG_PRIVATE_LIBRARIES} $<BUILD_INTERFACE:mfusim_warnings>)
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
  if(ARG_ALONE)
    set_source_files_properties(${ARG_ALONE} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  endif()
  set_property(GLOBAL APPEND PROPERTY MFUSIM_LIBRARIES ${target})
endfunction()

# Compiles files into the program, so that it finds its catalogs wherever it runs.
#   mfusim_embed(TARGET mfusim_hardware SYMBOL hardware_catalog FILES catalog/*.yaml ...)
# defines `const std::map<std::string_view, std::string_view>& mfusim::embedded::<SYMBOL>()`: file name -> contents.
function(mfusim_embed)
  cmake_parse_arguments(ARG "" "TARGET;SYMBOL" "FILES" ${ARGN})
  set(output ${CMAKE_CURRENT_BINARY_DIR}/${ARG_SYMBOL}.cpp)
  set(inputs)
  foreach(file IN LISTS ARG_FILES)
    cmake_path(ABSOLUTE_PATH file BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
    list(APPEND inputs ${file})
  endforeach()
  string(REPLACE ";" "|" joined "${inputs}")
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DOUTPUT=${output} -DSYMBOL=${ARG_SYMBOL} "-DFILES=${joined}" -P ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
    DEPENDS ${inputs} ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
    VERBATIM)
  target_sources(${ARG_TARGET} PRIVATE ${output})
  set_property(TARGET ${ARG_TARGET} APPEND PROPERTY MFUSIM_EMBEDDED ${inputs})
endfunction()

# Writes program_fingerprint() into a library: a sum over the sources, headers and embedded files of libraries.
#   mfusim_fingerprint(TARGET mfusim_study LIBRARIES base model ...)
function(mfusim_fingerprint)
  cmake_parse_arguments(ARG "" "TARGET" "LIBRARIES" ${ARGN})
  set(output ${CMAKE_CURRENT_BINARY_DIR}/program_fingerprint.cpp)
  set(inputs)
  foreach(library IN LISTS ARG_LIBRARIES)
    get_target_property(files mfusim_${library} SOURCES)
    get_target_property(folder mfusim_${library} SOURCE_DIR)
    get_target_property(embedded mfusim_${library} MFUSIM_EMBEDDED)
    foreach(file IN LISTS files)
      if(IS_ABSOLUTE ${file})
        continue() # written by mfusim_embed: its inputs are in the list
      endif()
      list(APPEND inputs ${folder}/${file})
    endforeach()
    if(embedded)
      list(APPEND inputs ${embedded})
    endif()
  endforeach()
  list(SORT inputs)
  string(REPLACE ";" "|" joined "${inputs}")
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DOUTPUT=${output} "-DFILES=${joined}" -P ${PROJECT_SOURCE_DIR}/cmake/fingerprint.cmake
    DEPENDS ${inputs} ${PROJECT_SOURCE_DIR}/cmake/fingerprint.cmake
    VERBATIM)
  target_sources(${ARG_TARGET} PRIVATE ${output})
endfunction()
