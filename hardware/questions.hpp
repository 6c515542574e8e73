// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/collective.hpp"
#include "hardware/gpu.hpp"

#include <string>
#include <string_view>

namespace mfusim {

/// The answer to one question about one kernel or collective.
struct HardwareAnswer {
  std::string question;  ///< Normalised: "gemm 8192 x 3072 x 1024 bf16, forward".
  PredictedTime time;    ///< In a long training step.
  Seconds low{};         ///< 90 % of the measurements that the law was fitted to lie within this range.
  Seconds high{};
  Seconds benchmark{};        ///< The same kernel in a benchmark of its own (kernel ceiling, network alone).
  FlopsPerSecond rate{};      ///< Kernels: useful flops over time; 0 for collectives.
  BytesPerSecond bus_rate{};  ///< Collectives: bytes that each rank sends over time; 0 for kernels.
};

/// `M,N,K[,dtype]`; bf16 where the GPU has it, fp16 otherwise. Throws InputError on anything else.
[[nodiscard]] HardwareAnswer ask_gemm(const Gpu& gpu, std::string_view question);

/// `BATCH,LENGTH,HEADS,HEAD_DIM[,word...]` with words flash-1, flash-2, flash-3, unfused, causal, backward, and a dtype.
/// Without a kernel: flash-2 where the GPU has it, unfused otherwise.
[[nodiscard]] HardwareAnswer ask_attention(const Gpu& gpu, std::string_view question);

/// `KIND,BYTES,RANKS[,NODES]`: all-reduce, all-gather, reduce-scatter, all-to-all, broadcast, send-receive; BYTES is a
/// number or has a unit (`64 MiB`); `network` joins the nodes.
[[nodiscard]] HardwareAnswer ask_collective(const Gpu& gpu, const Network& network, std::string_view question);

}  // namespace mfusim
