// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/catalogs.hpp"
#include "sim/scenario.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace mfusim {

/// The sections of a scenario, in the order in which they are read. Whole: keys that are no section. Cut: those keys of the
/// section `parallel` that say how the model and the batch are cut up, Parallel: its others.
enum class ScenarioSection : std::uint8_t {
  Whole,
  Model,
  Cluster,
  Variation,
  Training,
  Cut,
  Parallel,
  Towers,
  Stack,
  StackSettings,
  Techniques,
  Data,
  Measured
};
[[nodiscard]] constexpr std::uint32_t section_bit(ScenarioSection section) {
  return 1U << static_cast<unsigned>(section);
}

/// Reads a document again and again while values in it change. What follows from none of the sections that have changed is kept
/// from the reading before; the scenario, and the rule that a wrong one breaks, are those of a document that is read once. For
/// one thread.
class ScenarioReader {
 public:
  /// `document` must outlive the reader. `folder` is where relative paths in it start. `defaults` may be null; it takes those of
  /// what is read, at each reading anew.
  ScenarioReader(const Node& document, std::filesystem::path folder, std::string name, UsedDefaults* defaults = nullptr);

  /// The value at `path` (dots between keys) is not what it was when the document was read last.
  void changed(std::string_view path);
  /// Throws InputError `file:line: key: rule, value`. The scenario stands until the next reading.
  [[nodiscard]] const Scenario& read();
  /// Whether the last reading came as far as the section of the value at `path`. A rule that was broken before is broken in the
  /// same words whatever that value is.
  [[nodiscard]] bool came_to(std::string_view path) const;

 private:
  using Section = ScenarioSection;

  /// What is kept from one reading to the next, and whether it must be read again.
  struct Part {
    std::uint32_t follows_from = 0;  ///< Bits of sections.
    bool stale = true;
  };
  /// Reads a part with `read_it` where that is due.
  template <class Read>
  void refresh(Part& part, Section section, Read read_it);

  /// Model, cluster, variation.
  void read_job(Reader& root);
  /// The batch, the plan, and what they are for the towers.
  void read_plan(Reader& root, Reader& training);
  void read_parallel_section(Reader& root, Reader& training);
  /// Stack and techniques.
  void read_software(Reader& root, Reader& training);

  const Node& document_;
  std::filesystem::path folder_;
  UsedDefaults* defaults_;
  Catalogs catalogs_;
  Scenario scenario_;
  ParallelPlan cut_plan_;          ///< What the section's first part says.
  Techniques techniques_as_read_;  ///< Rules may switch one off that has nothing to do.
  Section reached_ = Section::Whole;

  static constexpr std::uint32_t model_sections_ =
      section_bit(Section::Whole) | section_bit(Section::Model) | section_bit(Section::Training) | section_bit(Section::Towers);
  static constexpr std::uint32_t job_sections_ = model_sections_ | section_bit(Section::Cluster);
  static constexpr std::uint32_t software_sections_ =
      job_sections_ | section_bit(Section::Stack) | section_bit(Section::StackSettings);
  Part top_level_{section_bit(Section::Whole)};
  Part model_{model_sections_};  ///< Training and towers say what becomes of its towers.
  Part cluster_{section_bit(Section::Whole) | section_bit(Section::Cluster)};
  Part cut_{job_sections_ | section_bit(Section::Cut)};
  Part parallel_{job_sections_ | section_bit(Section::Cut) | section_bit(Section::Parallel)};
  Part training_{software_sections_};  ///< With the stack, which the types of its state follow from.
  Part techniques_{software_sections_ | section_bit(Section::Techniques)};
  Part data_{section_bit(Section::Whole) | section_bit(Section::Data)};
  Part measured_{section_bit(Section::Whole) | section_bit(Section::Measured)};
};

}  // namespace mfusim
