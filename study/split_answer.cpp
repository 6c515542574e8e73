// SPDX-License-Identifier: Apache-2.0
#include "study/split_answer.hpp"

#include <fmt/format.h>

namespace mfusim {
namespace {

std::string with_unit(Seconds time) {
  constexpr Seconds in_milliseconds{10};  // four digits without an exponent
  return time < in_milliseconds ? fmt::format("{:.4g} ms", 1e3 * time.count()) : fmt::format("{:.4g} s", time.count());
}

/// The largest of what separates the two steps.
std::string reason_for(const SplitPoint& apart, const SplitPoint& together) {
  const double gain = together.step_time / apart.step_time * (1 + apart.integer_loss) - 1;
  if (together.vision_recompute != apart.vision_recompute || together.vision_tensor != apart.vision_tensor ||
      together.vision_passes != apart.vision_passes)
    return "a GPU with both towers has too little memory for the same plan";
  const Seconds reduction = together.exposed_reduction - apart.exposed_reduction;
  if (reduction > 0.5 * (together.step_time - apart.step_time))
    return fmt::format("each GPU reduces the gradients of one tower only, which exposes {} less", with_unit(reduction));
  return fmt::format("larger batches a GPU make the kernels {:.1f} % faster, more than the {:.1f} % that whole GPUs cost",
                     100 * gain, 100 * apart.integer_loss);
}

}  // namespace

bool better(const SplitPoint& a, const SplitPoint& b) {
  return a.fits != b.fits ? a.fits : a.step_time < b.step_time;
}

std::string recommendation_of(const SplitReport& report) {
  const SplitPoint& apart = report.best_disjoint;
  const SplitPoint& together = report.colocated;
  const double change = 100 * (apart.step_time / together.step_time - 1);
  if (!apart.fits && !together.fits)
    return "Neither placement fits into the GPUs' memory: take a smaller batch a GPU, or more GPUs, before splitting.";
  constexpr double least_gain = 1;  // in percent: less is below what the predictions can tell apart
  if (better(apart, together) && together.fits && change > -least_gain) {
    return fmt::format(
        "Do not split: {} + {} GPUs take {} a step, colocated data parallelism {}, and {:.1f} % is too little because "
        "the predictions cannot tell it apart.",
        apart.vision_gpus, apart.text_gpus, with_unit(apart.step_time), with_unit(together.step_time), -change);
  }
  if (better(apart, together)) {
    return fmt::format(
        "Split: {} GPUs for vision and {} for text take {} a step, colocated data parallelism {} ({:+.1f} %), because {}.",
        apart.vision_gpus, apart.text_gpus, with_unit(apart.step_time), with_unit(together.step_time), change,
        reason_for(apart, together));
  }
  if (!apart.fits) {
    return fmt::format(
        "Do not split: no split fits into the GPUs' memory (the best, {} + {} GPUs, lacks {:.1f} GB), colocated data parallelism "
        "fits and takes {} a step.",
        apart.vision_gpus, apart.text_gpus, -apart.headroom.value() / 1e9, with_unit(together.step_time));
  }
  const double won = 100 * (1 + apart.integer_loss) / (1 + change / 100) - 100;
  const std::string rest = won >= 0 ? fmt::format("larger batches a GPU win back {:.1f} % only", won)
                                    : fmt::format("larger batches a GPU win nothing back: the rest costs another {:.1f} %", -won);
  return fmt::format(
      "Do not split: colocated data parallelism takes {} a step, the best split ({} + {} GPUs) {} ({:+.1f} %), because whole "
      "GPUs "
      "cost {:.1f} % against the exact proportion of {:.2f} : 1 and {}.",
      with_unit(together.step_time), apart.vision_gpus, apart.text_gpus, with_unit(apart.step_time), change,
      100 * apart.integer_loss, report.work_ratio, rest);
}

std::string note_on_micro_batch(const Scenario& scenario, const SplitPoint& together) {
  const bool own = scenario.placement == TowerPlacement::Colocated && scenario.parallel.micro_batches > 1;
  if (!own || scenario.parallel.micro_batches == together.vision_passes) return "";
  return fmt::format(
      "training.micro_batch ({}) is not read here: each rank takes its share of the batch in as few passes as fit.",
      scenario.training.micro_batch);
}

}  // namespace mfusim
