// SPDX-License-Identifier: Apache-2.0
#include "sim/eager_kernels.hpp"

#include "hardware/unfused_attention.hpp"
#include "sim/kernels.hpp"
#include "tests/catch.hpp"
#include "tests/sim/scenarios.hpp"

using namespace mfusim;
using namespace mfusim::tests;

namespace {

constexpr EagerTypes half{.value = 2, .arithmetic = EagerTypes::Arithmetic::OfTensors};
constexpr EagerTypes autocast{.value = 2, .arithmetic = EagerTypes::Arithmetic::Fp32Norms};
constexpr EagerTypes full{.value = 4, .arithmetic = EagerTypes::Arithmetic::Fp32Norms};

double bytes_of(const EagerKernels& kernels) {
  double sum = 0;
  for (const EagerKernel& kernel : kernels) sum += kernel.bytes;
  return sum;
}

Operator<Count> operator_of(OperatorShape<Count> shape) {
  Operator<Count> op;
  op.name = "operator";
  op.shape = std::move(shape);
  return op;
}

KernelContext context_of(const Gpu& gpu) {
  return {.gpu = &gpu,
          .precision = DataType::Fp16,
          .attention = AttentionKernel::Unfused,
          .fused_operators = false,
          .weights = WeightState::Autocast};
}

AttentionShape scores(DataType type, SoftmaxKernel softmax, Direction direction) {
  return {.batch = 8,
          .heads = 16,
          .kv_heads = 16,
          .queries = 256,
          .keys = 256,
          .head_dim = 64,
          .window = 256,
          .causal = false,
          .dropout = false,
          .dtype = type,
          .kernel = AttentionKernel::Unfused,
          .softmax = softmax,
          .direction = direction};
}

}  // namespace

TEST_CASE("a norm in fp32 between 16-bit tensors moves its conversions on top of the fp32 norm", "[property]") {
  for (const Pass pass : {Pass::Forward, Pass::InputGradient}) {
    const double norm = bytes_of(eager_norm(NormKind::LayerNorm, full, pass));
    CHECK(bytes_of(eager_norm(NormKind::LayerNorm, autocast, pass)) == norm + 2 * (2 + 4));
    CHECK(bytes_of(eager_norm(NormKind::LayerNorm, half, pass)) == norm / 2);
  }
}

TEST_CASE("a norm that is repeated in fp32 pays its forward kernels again in the backward pass", "[property]") {
  const double forward = bytes_of(repeated_fp32_norm(NormKind::RmsNorm, half, Pass::Forward));
  const double backward = bytes_of(repeated_fp32_norm(NormKind::RmsNorm, half, Pass::InputGradient));
  CHECK(forward == (2 + 4) + (4 + 2));
  CHECK(backward == forward + (2 + 4 + 4) + (4 + 2));
  CHECK(launches_of(repeated_fp32_norm(NormKind::RmsNorm, half, Pass::InputGradient)) > 2);
}

TEST_CASE("published: eager RMSNorm moves its least bytes at 180-330 GB/s on A100", "[published]") {
  // DebarghaG/estimate-train-time@1ac4d5e, forward, large tensors. Least bytes: read and write of 2 bytes each.
  const Gpu gpu = load_gpu("a100-sxm4-80gb");
  const double elements = 4096.0 * 65536;
  Seconds time{};
  for (const EagerKernel& kernel : eager_norm(NormKind::RmsNorm, half, Pass::Forward)) {
    time += memory_time(
                gpu, {.op = kernel.family, .bytes = Bytes(kernel.bytes * elements), .launches = kernel.launches, .fused = false})
                .time;
  }
  const double rate = 4 * elements / time.count();
  CAPTURE(rate);
  CHECK(rate > 180e9);
  CHECK(rate < 330e9);
}

TEST_CASE("no eager operator moves less than its fused kernel, and each of its kernels is launched", "[property]") {
  const Gpu gpu = load_gpu("a100-sxm4-80gb");
  const Count rows = 4096;
  const Count width = 1024;
  const std::vector<Operator<Count>> operators{
      operator_of(Norm<Count>{.rows = rows, .width = width, .kind = NormKind::LayerNorm}),
      operator_of(Norm<Count>{.rows = rows, .width = width, .kind = NormKind::RmsNorm}),
      operator_of(Activation<Count>{.elements = rows * width, .kind = ActivationKind::Gelu}),
      operator_of(Activation<Count>{.elements = rows * width, .kind = ActivationKind::QuickGelu}),
      operator_of(Activation<Count>{.elements = rows * width, .kind = ActivationKind::SwiGlu}),
      operator_of(Activation<Count>{.elements = rows * width, .kind = ActivationKind::SquaredRelu}),
      operator_of(
          Attention<Count>{.batch = 8, .heads = 16, .kv_heads = 16, .queries = 256, .keys = 256, .head_dim = 64, .window = 256})};
  KernelContext fused = context_of(gpu);
  fused.fused_operators = true;
  for (const Operator<Count>& op : operators) {
    for (const Pass pass : {Pass::Forward, Pass::InputGradient}) {
      CAPTURE(op.shape.index(), to_string(pass));
      const auto eager_step = kernel_step(context_of(gpu), op, pass);
      const auto fused_step = kernel_step(fused, op, pass);
      CHECK(eager_step->bytes >= fused_step->bytes);
      CHECK(eager_step->duration > fused_step->duration);
      CHECK(launches(context_of(gpu), op, pass) >= launches(fused, op, pass));
    }
  }
}

TEST_CASE("an operator that the stack never fuses is eager also where the others are fused", "[property]") {
  const Gpu gpu = load_gpu("a100-sxm4-80gb");
  const Operator<Count> gated = operator_of(Activation<Count>{.elements = 1 << 22, .kind = ActivationKind::SwiGlu});
  const Operator<Count> plain = operator_of(Activation<Count>{.elements = 1 << 22, .kind = ActivationKind::Gelu});
  KernelContext context = context_of(gpu);
  context.fused_operators = true;
  KernelContext unfused = context;
  unfused.unfused.gated_activation = true;
  CHECK(kernel_step(unfused, gated, Pass::Forward)->bytes == 5.0 / 3 * kernel_step(context, gated, Pass::Forward)->bytes);
  CHECK(kernel_step(unfused, plain, Pass::Forward)->bytes == kernel_step(context, plain, Pass::Forward)->bytes);
}

TEST_CASE("gate and values that are two products need no join of their gradients", "[property]") {
  const Gpu gpu = load_gpu("a100-sxm4-80gb");
  const Operator<Count> gated = operator_of(Activation<Count>{.elements = 1 << 22, .kind = ActivationKind::SwiGlu});
  KernelContext joined = context_of(gpu);
  KernelContext separate = joined;
  separate.unfused.separate_gates = true;
  CHECK(kernel_step(joined, gated, Pass::Forward)->bytes == kernel_step(separate, gated, Pass::Forward)->bytes);
  const Bytes spared =
      kernel_step(joined, gated, Pass::InputGradient)->bytes - kernel_step(separate, gated, Pass::InputGradient)->bytes;
  CHECK(spared == Bytes((1 << 22) * 2.0 * (2 + 2)));  // both halves read and written
  CHECK(launches(joined, gated, Pass::InputGradient) == launches(separate, gated, Pass::InputGradient) + 1);
}

TEST_CASE("softmax as the framework's own kernel moves what the fused one does, in fp32 its conversions more", "[property]") {
  const auto total = [](const AttentionShape& shape) {
    const ScoreTraffic traffic = eager_score_traffic(shape);
    return traffic.streamed + traffic.softmax;
  };
  // the catalog counts 8 bytes a score forward and 14 backward for 2-byte values
  CHECK(total(scores(DataType::Fp16, SoftmaxKernel::Eager, Direction::Forward)) == 8);
  CHECK(total(scores(DataType::Fp16, SoftmaxKernel::Eager, Direction::Backward)) == 14);
  // fp32 values have nothing to convert
  CHECK(total(scores(DataType::Fp32, SoftmaxKernel::EagerFp32, Direction::Forward)) == 16);
  CHECK(total(scores(DataType::Fp32, SoftmaxKernel::EagerFp32, Direction::Backward)) == 28);
  // written 2, read 2, fp32 written 4; read 4, written 2, read 2: the softmax kernel itself takes fp16
  CHECK(total(scores(DataType::Fp16, SoftmaxKernel::EagerFp32, Direction::Forward)) == 2 + 2 + 4 + 4 + 2 + 2);
  // bf16 is converted by a kernel of its own on the way in
  CHECK(total(scores(DataType::Bf16, SoftmaxKernel::EagerFp32, Direction::Forward)) == 2 + (2 + 4) + 4 + 4 + (4 + 2) + 2);
  CHECK(total(scores(DataType::Fp16, SoftmaxKernel::EagerFp32, Direction::Backward)) == 2 + (2 + 4) + (4 + 4 + 2) + 3 * 2);
  CHECK(total(scores(DataType::Bf16, SoftmaxKernel::EagerFp32, Direction::Backward)) == 2 + (2 + 4) + 12 + (4 + 2) + 3 * 2);
}

TEST_CASE("the release of the library moves unfused attention alone", "[property]") {
  // 577 and 77 tokens: no multiples of eight
  const auto time = [](const std::string& stack, const std::string& library) {
    return run(small_clip, {{"stack", stack}, {"stack_settings.matrix_library", library}}).result.iteration_time;
  };
  CHECK(time("pytorch-ddp-2022", "cublas-11.6") > time("pytorch-ddp-2022", "cublas-11.7"));
  CHECK(time("pytorch-ddp-2024", "cublas-11.6") == time("pytorch-ddp-2024", "cublas-11.7"));
  // 1024 tokens
  const auto decoder_time = [](const std::string& library) {
    return run(small_decoder, {{"techniques.flash_attention", "false"}, {"stack_settings.matrix_library", library}})
        .result.iteration_time;
  };
  CHECK(decoder_time("cublas-11.6") == decoder_time("cublas-11.7"));
}

TEST_CASE("published: eager attention of PyTorch on A100, forward and backward, within 17 %", "[published]") {
  // Dao-AILab/flash-attention@0251105a assets/flash2_a100_fwd_bwd_benchmark.png: 16,384 tokens, 32 heads of 64, full attention;
  // the benchmark brings queries, keys and values into their layout by copies, as nn.MultiheadAttention does.
  const Gpu gpu = load_gpu("a100-sxm4-80gb");
  const auto [length, tflops] =
      GENERATE(std::pair{512, 36.0}, std::pair{1024, 40.0}, std::pair{2048, 43.0}, std::pair{4096, 45.0}, std::pair{8192, 46.0});
  KernelContext context = context_of(gpu);
  context.weights = WeightState::MasterCopy;  // no autocast: softmax in fp16
  const Operator<Count> core = operator_of(Attention<Count>{
      .batch = 16384 / length, .heads = 32, .kv_heads = 32, .queries = length, .keys = length, .head_dim = 64, .window = length});
  const Seconds time =
      to_seconds(kernel_step(context, core, Pass::Forward)->duration + kernel_step(context, core, Pass::InputGradient)->duration);
  const double flops = 3.5 * 4 * 16384.0 * 32 * length * 64;
  CAPTURE(length, tflops, flops / time.count() / 1e12);
  CHECK_THAT(flops / time.count() / 1e12, WithinRel(tflops, 0.17));
}

TEST_CASE("eager operators lengthen a step, and leave its products alone", "[property]") {
  const Run fused = run(small_clip, {{"techniques.fused_operators", "true"}});
  const Run eager = run(small_clip);
  CHECK(eager.result.iteration_time > fused.result.iteration_time);
  CHECK(eager.result.model_flops.value() == fused.result.model_flops.value());
}

TEST_CASE("the loss moves what its steps over an fp32 copy of the scores read and write", "[unit]") {
  const Gpu gpu = load_gpu("a100-sxm4-80gb");
  const Operator<Count> loss = operator_of(Loss<Count>{.rows = 64, .classes = 1000});
  constexpr double scores = 64 * 1000, v = 2, wide = 4;
  constexpr double convert = v + wide, maximum = wide, subtract = 2 * wide, exponential = 2 * wide, sum = wide, divide = 2 * wide;
  constexpr double scale = 2 * wide, back = wide + v;
  CHECK(kernel_step(context_of(gpu), loss, Pass::Forward)->bytes ==
        Bytes(scores * (convert + maximum + subtract + exponential + sum + divide)));
  CHECK(kernel_step(context_of(gpu), loss, Pass::InputGradient)->bytes == Bytes(scores * (scale + back)));
}

TEST_CASE("the loss of a language model moves what its software says, that of two towers its steps", "[unit]") {
  const Gpu gpu = load_gpu("a100-sxm4-80gb");
  KernelContext fused = context_of(gpu);
  fused.logits = {.forward = Bytes(2 + 2), .backward = Bytes(2 + 2)};  // read twice; read and written
  const Operator<Count> words = operator_of(Loss<Count>{.rows = 64, .classes = 1000});
  const Operator<Count> pairs = operator_of(Loss<Count>{.rows = 64, .classes = 64, .kind = LossKind::ContrastiveCrossEntropy});
  for (const Pass pass : {Pass::Forward, Pass::InputGradient}) {
    CHECK(kernel_step(fused, words, pass)->bytes == Bytes(64 * 1000 * 4.0));
    CHECK(kernel_step(fused, pairs, pass)->bytes == kernel_step(context_of(gpu), pairs, pass)->bytes);
  }
  const Settings flash{{"stack_settings.logits_traffic", "{forward: 4 B, backward: 4 B}"}};
  CHECK(scenario_of(small_decoder, flash).stack.logits_traffic.backward == Bytes(4));
  CHECK(run(small_decoder, flash).result.iteration_time < run(small_decoder).result.iteration_time);
}
