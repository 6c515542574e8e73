// SPDX-License-Identifier: Apache-2.0
#include "sim/operator_profile.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

namespace mfusim {
namespace {

class Profile {
 public:
  Profile(const BuiltStep& step, const Timeline& timeline)
      : step_(step), timeline_(timeline), use_of_row_(step.steps.size(), none) {}

  void add(TaskId task) {
    const Picoseconds time = timeline_.end[task] - timeline_.start[task];
    if (time == Picoseconds{}) return;
    OperatorUse& use = use_of(step_.graph.tasks[task].label);
    ++use.count;
    use.time += to_seconds(time);
    use.alone += to_seconds(step_.graph.tasks[task].duration);
  }

  std::vector<OperatorUse> sorted() && {
    std::stable_sort(uses_.begin(), uses_.end(), [](const OperatorUse& a, const OperatorUse& b) { return a.time > b.time; });
    return std::move(uses_);
  }

 private:
  static constexpr std::size_t none = static_cast<std::size_t>(-1);

  OperatorUse& use_of(std::uint32_t row) {
    if (use_of_row_[row] == none) {
      const Step& what = step_.steps[row];
      const auto [at, fresh] = known_.try_emplace({what.name, what.shape}, uses_.size());
      if (fresh) uses_.push_back({.step = what});
      use_of_row_[row] = at->second;
    }
    return uses_[use_of_row_[row]];
  }

  const BuiltStep& step_;
  const Timeline& timeline_;
  std::vector<std::size_t> use_of_row_;
  std::map<std::pair<std::string, std::string>, std::size_t> known_;
  std::vector<OperatorUse> uses_;
};

}  // namespace

double OperatorUse::intensity() const {
  return step.bytes.value() > 0 ? step.flops.value() / step.bytes.value() : 0;
}

FlopsPerSecond OperatorUse::flop_rate() const {
  return FlopsPerSecond(static_cast<double>(count) * step.flops.value() / time.count());
}

BytesPerSecond OperatorUse::byte_rate() const {
  return BytesPerSecond(static_cast<double>(count) * step.bytes.value() / time.count());
}

std::vector<OperatorUse> profile_operators(const BuiltStep& step, const Timeline& timeline, int rank) {
  Profile profile(step, timeline);
  for (TaskId task = 0; task < step.graph.size(); ++task) {
    if (rank_of(step.graph.tasks[task].stream) == rank) profile.add(task);
  }
  for (const JointStream& joint : step.graph.joint_streams) {
    if (rank_of(joint.stream) == rank && rank_of(step.graph.tasks[joint.task].stream) != rank) profile.add(joint.task);
  }
  return std::move(profile).sorted();
}

bool is_kernel(const Step& step) {
  return step.step_class == StepClass::Matmul || step.step_class == StepClass::Attention ||
         step.step_class == StepClass::MemoryBound || step.step_class == StepClass::Recompute ||
         step.step_class == StepClass::Optimizer;
}

FlopsPerSecond roofline(double intensity, FlopsPerSecond peak, BytesPerSecond bandwidth) {
  return FlopsPerSecond(std::min(peak.value(), intensity * bandwidth.value()));
}

}  // namespace mfusim
