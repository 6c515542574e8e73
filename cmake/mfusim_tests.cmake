# Tests: one program a folder, one ctest entry a program.
#   mfusim_tests(base SOURCES count_test.cpp ... LIBRARIES mfusim::base)
# builds bin/base_tests and registers it as the test `base`. One entry a program, not one a test case: starting a
# process for each of hundreds of cases would cost more than running them; a failure names its case anyhow.
find_package(Catch2 REQUIRED)

# Catch2's header takes seconds to compile: it is compiled once, and so is the main function.
# (Our own main for Catch2 2: the one in Debian's libCatch2WithMain is C++14 and cannot print a std::string_view.)
add_library(mfusim_catch OBJECT ${PROJECT_SOURCE_DIR}/tests/catch_main.cpp ${PROJECT_SOURCE_DIR}/tests/catch_header.cpp)
if(Catch2_VERSION VERSION_LESS 3)
  target_link_libraries(mfusim_catch PUBLIC Catch2::Catch2)
else()
  target_link_libraries(mfusim_catch PUBLIC Catch2::Catch2WithMain)
endif()
target_compile_features(mfusim_catch PUBLIC cxx_std_20)
target_include_directories(mfusim_catch PUBLIC ${PROJECT_SOURCE_DIR})
target_link_libraries(mfusim_catch PUBLIC fmt::fmt mfusim_warnings)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  target_compile_options(mfusim_catch PUBLIC -fpch-preprocess)  # lets ccache work with a precompiled header
endif()
target_precompile_headers(mfusim_catch PRIVATE ${PROJECT_SOURCE_DIR}/tests/catch.hpp)
set_source_files_properties(${PROJECT_SOURCE_DIR}/tests/catch_main.cpp PROPERTIES SKIP_PRECOMPILE_HEADERS ON)

# For the leak checker, of every test that runs what stands on GiNaC.
set(mfusim_leaks LSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/cmake/lsan.supp:print_suppressions=0)

function(mfusim_tests folder)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBRARIES" ${ARGN})
  set(program ${folder}_tests)
  add_executable(${program} ${ARG_SOURCES})
  target_link_libraries(${program} PRIVATE mfusim_catch ${ARG_LIBRARIES})
  target_precompile_headers(${program} REUSE_FROM mfusim_catch)
  # tests name data by its path from the root
  add_test(NAME ${folder} COMMAND ${program} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(${folder} PROPERTIES TIMEOUT 300 ENVIRONMENT ${mfusim_leaks})
endfunction()
