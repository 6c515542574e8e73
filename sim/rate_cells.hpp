// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/sharing.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace mfusim {

using CellId = std::uint32_t;

/// How the usages of a graph fall into cells, whose tasks are re-timed together. A *component* holds the usages that a chain of
/// common resources joins: those of a GPU, or of the GPUs on one link. A *cell* holds the usages of one class of priority in
/// a component that resources join within that class. Its rates depend on which of them run and on what earlier classes
/// leave to it, on nothing else.
///
/// A component of very few resources is one cell, of all classes. In a large component too many different sets run for any to
/// come back, and a change seldom reaches all of it: usages whose first demand is of one resource are a cell there, only to
/// keep tasks that are often re-timed together beside each other.
struct RateCells {
  enum class Kind : std::uint8_t { Component, Class, PartOfLarge };

  /// What a usage of an earlier class takes of a resource of the cell.
  struct Earlier {
    UsageId usage = 0;
    SharingModel::Share share{};
  };
  struct Cell {
    Kind kind = Kind::Component;
    std::uint32_t class_number = 0;               ///< 0: served first. Of the first usage, where all classes are one cell.
    std::vector<std::vector<Earlier>> earlier{};  ///< Kind::Class: by resource of which earlier classes take, then by usage.
  };
  /// A cell of a later class that notices when a usage starts or ends.
  struct Later {
    CellId cell = 0;
    bool by_rate = false;  ///< It notices also when the usage's rate changes.
  };

  std::uint32_t classes = 0;
  std::vector<Cell> cells;
  std::vector<CellId> cell_of;            ///< By usage; meaningless for usage 0, which takes nothing.
  std::vector<std::vector<Later>> later;  ///< By usage.
};

[[nodiscard]] RateCells find_cells(const SharingModel& model);

}  // namespace mfusim
