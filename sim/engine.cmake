# The event engine's part of the library.
set(MFUSIM_ENGINE_SOURCES
  component_rates.cpp
  critical_path.cpp
  engine.cpp
  engine_events.cpp
  engine_linear.cpp
  rate_cells.cpp
  sharing.cpp
  sharing_state.cpp
  solved_rates.cpp
  task_graph.cpp
  task_graph_builder.cpp)
set(MFUSIM_ENGINE_HEADERS
  component_rates.hpp
  critical_path.hpp
  earliest_tree.hpp
  engine.hpp
  engine_events.hpp
  engine_linear.hpp
  engine_running.hpp
  rate_cells.hpp
  sharing.hpp
  sharing_state.hpp
  solved_rates.hpp
  task_graph.hpp
  task_graph_boost.hpp
  task_graph_builder.hpp
  timeline.hpp)
# Rates are compared and rounded: fused multiply-adds would make them another number on another processor.
set_source_files_properties(component_rates.cpp engine_events.cpp fold_outcome.cpp fold_pause.cpp sharing.cpp sharing_state.cpp
  PROPERTIES COMPILE_OPTIONS -ffp-contract=off)
