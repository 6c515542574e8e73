// SPDX-License-Identifier: Apache-2.0
// What asks for many runs, or holds one against a measurement.
#include "report/schema_sections.hpp"

namespace mfusim::schema {

json workload() {
  const json phase = section("Iterations with the same inputs",
                             {{"iterations", count("Training steps")},
                              {"image_size", count("Pixels of an image's side (default: the scenario's)")},
                              {"text_length", count("Tokens of a text (default: the scenario's)")}},
                             {"iterations"});
  const json share{{"type", "number"}, {"exclusiveMinimum", 0}, {"maximum", 1}};
  const auto shares = [&](const char* description) {
    return json{{"type", "object"},
                {"description", description},
                {"patternProperties", {{"^[1-9][0-9]*$", share}}},
                {"additionalProperties", false}};
  };
  const json distribution =
      section("Instead of phases: samples that differ, drawn batch by batch",
              {{"iterations", count("Training steps")},
               {"image_size", shares("Pixels of an image's side: share of the samples; they sum to 1")},
               {"text_length", shares("Tokens of a text: share of the samples; they sum to 1")},
               {"seed", {{"type", "integer"}, {"minimum", 0}, {"default", 1}, {"description", "Which batches"}}}},
              {"iterations"});
  return section(
      "Inputs that change during the run, for `mfusim split`",
      {{"phases", {{"type", "array"}, {"items", phase}, {"description", "One after the other"}}},
       {"trace", {{"type", "string"}, {"description", "Instead of phases: a CSV file with iterations,image_size,text_length"}}},
       {"distribution", distribution},
       {"reallocate_every", count("Iterations between reallocations (default: the best of 10, 100, 1000 ...)")},
       {"rebuild", quantity("Stop for new communicators, loaders and allocations at each reallocation "
                            "(default 30 s)",
                            "30 s")}});
}

json ablation() {
  json published = section("What was published for this step; never read by the simulation",
                           {{"mfu", {{"type", "number"}, {"minimum", 0}, {"maximum", 1}, {"description", "Published MFU"}}},
                            {"iteration_time", quantity("Published step time", "13.5 s")},
                            {"source", {{"type", "string"}, {"description", "Where it was published"}}}},
                           {"source"});
  json step = section("One technique on top of those before",
                      {{"name", {{"type", "string"}, {"description", "What it is called in the answer"}}},
                       {"set", {{"type", "object"}, {"description", "path.to.key: value, any key of the scenario"}}},
                       {"measured", published}},
                      {"name", "set"});
  return section("Steps for `mfusim ablate`; a run answers for the baseline",
                 {{"baseline", {{"type", "string"}, {"description", "Name of the scenario without any step"}}},
                  {"steps", {{"type", "array"}, {"items", step}, {"description", "In their order"}}}});
}

json measured() {
  json object = section("A published measurement to hold the prediction against; never read by the simulation",
                        {{"iteration_time", quantity("Measured step time", "14.83 s")},
                         {"mfu", {{"type", "number"}, {"minimum", 0}, {"maximum", 1}, {"description", "Measured MFU"}}},
                         {"hfu", {{"type", "number"}, {"minimum", 0}, {"maximum", 1}, {"description", "Measured HFU"}}},
                         {"memory", quantity("Measured peak of the fullest GPU", "58 GB")},
                         {"memory_figure", word("What that figure counts", {"allocated", "reserved", "device"})},
                         {"source", {{"type", "string"}, {"description", "Where it was published"}}}});
  object.erase("additionalProperties");
  return object;
}

json sweep() {
  const json name_of_objective =
      word("What is best", {"step_time", "mfu", "samples_per_s", "samples_per_gpu_hour", "cost", "gpus", "memory_headroom"});
  json objective = name_of_objective;
  objective["default"] = "step_time";
  return section(
      "The space around this scenario, for `mfusim sweep` (docs/sweep.md)",
      {{"axes",
        {{"type", "object"},
         {"description",
          "Key of the scenario (parallel.tensor) to its values: a list, {from, to, times}, {from, to, step}, "
          "{divisors: number or key} or auto"}}},
       {"constraints",
        {{"type", "array"}, {"items", {{"type", "string"}}}, {"description", "Conditions, as tensor * pipeline <= 64"}}},
       {"objective", objective},
       {"pareto", {{"type", "array"}, {"items", name_of_objective}, {"description", "Objectives of a Pareto front"}}},
       {"price_per_gpu_hour", {{"type", "object"}, {"description", "Price by GPU name, for the cost"}}},
       {"largest", count("Most configurations without --limit", 5000000)}},
      {"axes"});
}

}  // namespace mfusim::schema
