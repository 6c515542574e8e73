// SPDX-License-Identifier: Apache-2.0
#include "sim/fold_kinds.hpp"

#include <optional>

namespace mfusim {

const FoldPattern* FoldKinds::keep(FoldPattern pattern) {
  pattern.number = static_cast<std::uint32_t>(kinds_of_pattern_.size());
  kinds_of_pattern_.emplace_back();
  tasks_ += pattern.tasks.size();
  return &patterns_.emplace_back(std::move(pattern));
}

const FoldPattern* FoldKinds::of_segment(const Segment& segment, const FoldRows& rows, double slowdown) {
  const auto [at, fresh] = of_segment_.try_emplace({&segment, slowdown}, nullptr);
  if (fresh) at->second = of_passing_segment(segment, rows, slowdown);
  return at->second;
}

const FoldPattern* FoldKinds::of_passing_segment(const Segment& segment, const FoldRows& rows, double slowdown) {
  std::optional<FoldPattern> pattern = fold_pattern(segment, rows, slowdown);
  return pattern ? keep(std::move(*pattern)) : nullptr;
}

const FoldPattern* FoldKinds::of_kernel(std::uint32_t row, const FoldRows& rows, double slowdown) {
  const FoldTask task = rows.task(row, slowdown);
  const auto [at, fresh] = of_kernel_.try_emplace({task.duration, task.usage, task.stream}, nullptr);
  if (fresh) at->second = keep(fold_pattern(row, rows, slowdown));
  return at->second;
}

std::uint32_t FoldKinds::step_number(const FoldTask& step) {
  const auto [at, fresh] =
      step_numbers_.try_emplace({step.duration, step.usage, step.stream}, static_cast<std::uint32_t>(steps_.size()));
  if (fresh) steps_.push_back(step);
  return at->second;
}

std::uint32_t FoldKinds::kind(const FoldPattern* pattern, const std::vector<std::uint32_t>& key) {
  std::vector<std::uint32_t>& known = kinds_of_pattern_[pattern == nullptr ? 0 : pattern->number];
  for (const std::uint32_t number : known) {
    if (kinds_[number].key == key) return number;
  }
  known.push_back(static_cast<std::uint32_t>(kinds_.size()));
  FoldKind& kind = kinds_.emplace_back(pattern == nullptr ? FoldKind() : FoldKind(*pattern));
  kind.key = key;
  for (std::size_t at = 0; at < key.size();) {
    const std::size_t waits = key[at + 1];
    kind.add_step(steps_[key[at]], std::span(key).subspan(at + 2, waits));
    at += 2 + waits;
  }
  tasks_ += kind.tasks.size();
  return known.back();
}

}  // namespace mfusim
