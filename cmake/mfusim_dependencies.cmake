# Every library the program stands on; all are distribution packages.
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json 3.10 REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(Boost 1.74 REQUIRED)  # headers: Boost.Graph
find_package(CLI11 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(GINAC REQUIRED IMPORTED_TARGET ginac)
pkg_check_modules(MUPARSER REQUIRED IMPORTED_TARGET muparser)  # conditions of a sweep
pkg_check_modules(SQLITE3 REQUIRED IMPORTED_TARGET sqlite3)    # stores of a sweep

# A sweep allocates many small things: a faster allocator is used where it is found, but not by checked builds.
find_package(mimalloc 2 QUIET)
add_library(mfusim_allocator INTERFACE)
if(mimalloc_FOUND AND CMAKE_BUILD_TYPE STREQUAL Release)
  target_link_libraries(mfusim_allocator INTERFACE mimalloc)
endif()

# MPI is used where it is found: sweeps over many machines.
pkg_check_modules(MPI QUIET IMPORTED_TARGET ompi)
option(MFUSIM_MPI "Sweep over the ranks of an MPI job" ${MPI_FOUND})

# yaml-cpp 0.7 exports `yaml-cpp`, 0.8 `yaml-cpp::yaml-cpp`.
if(TARGET yaml-cpp::yaml-cpp)
  set(MFUSIM_YAML_CPP yaml-cpp::yaml-cpp)
else()
  set(MFUSIM_YAML_CPP yaml-cpp)
endif()
