// SPDX-License-Identifier: Apache-2.0
#include "sim/priced_step.hpp"

#include <fmt/format.h>

namespace mfusim {

Step priced_step(StepClass step_class, std::string shape, const PredictedTime& predicted, Flops flops, Bytes bytes) {
  return Step{.name = {},
              .shape = std::move(shape),
              .step_class = step_class,
              .stream = StreamKind::Compute,
              .use = step_class == StepClass::MemoryBound ? StepUse::Memory : StepUse::Compute,
              .duration = to_ticks(predicted.time),
              .flops = flops,
              .bytes = bytes,
              .provenance = predicted.provenance,
              .outside_measured_region = predicted.outside_measured_region};
}

Step gemm_step(const KernelContext& context, const GemmShape& shape) {
  const auto m = static_cast<double>(shape.m);
  const auto n = static_cast<double>(shape.n);
  const auto k = static_cast<double>(shape.k);
  const auto batch = static_cast<double>(shape.batch);
  const std::string text = fmt::format("{}m={} n={} k={} {}", shape.batch > 1 ? fmt::format("batch={} ", shape.batch) : "",
                                       shape.m, shape.n, shape.k, to_string(shape.dtype));
  return priced_step(StepClass::Matmul, text, gemm_time(*context.gpu, shape), Flops(2 * batch * m * n * k),
                     batch * (m * k + k * n + m * n) * size_of(shape.dtype));
}

Step memory_step(const KernelContext& context, MemoryOperator op, Bytes bytes, int kernel_launches) {
  const MemoryShape shape{.op = op, .bytes = bytes, .launches = kernel_launches, .fused = true};
  return priced_step(StepClass::MemoryBound, fmt::format("{:.4g} MB", bytes.value() / 1e6), memory_time(*context.gpu, shape),
                     Flops(), bytes);
}

}  // namespace mfusim
