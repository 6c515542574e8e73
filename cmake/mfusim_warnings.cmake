# Warnings of our own targets only; off where mfusim is part of another project.
option(MFUSIM_WERROR "Treat warnings as errors" OFF)
add_library(mfusim_warnings INTERFACE)
if(PROJECT_IS_TOP_LEVEL)
  target_compile_options(mfusim_warnings INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow $<$<BOOL:${MFUSIM_WERROR}>:-Werror>)
endif()
