// SPDX-License-Identifier: Apache-2.0
// Source of the names: mlfoundations/open_clip, src/open_clip_train/params.py and src/open_clip/model_configs/.
#include "model/read_model.hpp"
#include "study/command_arguments.hpp"

#include <algorithm>
#include <map>

namespace mfusim {
namespace {

[[noreturn]] void refuse(const std::string& what) {
  throw InputError(fmt::format("open_clip has no argument for {}", what));
}

/// open_clip's names of catalog models that the catalog has under the names of other publishers.
std::string model_name(const ModelSpec& model) {
  static const std::map<std::string, std::string> names{{"openai/clip-vit-large-patch14-336", "ViT-L-14-336-quickgelu"},
                                                        {"laion/CLIP-ViT-H-14-laion2B-s32B-b79K", "ViT-H-14"},
                                                        {"google/siglip-base-patch16-224", "ViT-B-16-SigLIP"},
                                                        {"google/siglip-so400m-patch14-384", "ViT-SO400M-14-SigLIP-384"},
                                                        {"EVA02-CLIP-bigE-14", "EVA02-E-14"},
                                                        {"EVA02-CLIP-bigE-14-plus", "EVA02-E-14-plus"}};
  const auto at = names.find(model.name);
  if (at != names.end()) return at->second;
  const std::vector<std::string> catalog = model_names();
  const bool known = std::find(catalog.begin(), catalog.end(), model.name) != catalog.end();
  if (!known || model.name.find('/') != std::string::npos)
    refuse(fmt::format("a model that it has no configuration of ('{}')", model.name));
  return model.name;
}

void check_plan(const Scenario& scenario) {
  const ParallelPlan& plan = scenario.parallel;
  if (!scenario.tower_plans.empty() || scenario.placement != TowerPlacement::Colocated)
    refuse("towers on GPUs or streams of their own (towers.placement)");
  if (plan.tensor > 1 || plan.pipeline > 1) refuse("tensor or pipeline parallelism (parallel.tensor, parallel.pipeline)");
  if (plan.zero == 1) refuse("sharding the optimizer alone (parallel.zero: 1)");
  if (plan.zero > 1 && plan.shard_group < plan.data) refuse("sharding inside groups (parallel.shard_group)");
  if (plan.recompute == Recompute::Selective) refuse("selective recomputation (parallel.recompute)");
}

void add_precision(DataType precision, CommandArguments& arguments) {
  switch (precision) {
    case DataType::Fp32:
      return arguments.flag("--precision fp32");
    case DataType::Fp16:
      return arguments.flag("--precision amp");
    case DataType::Bf16:
      return arguments.flag("--precision amp_bf16");
    default:
      refuse("this precision (training.precision)");
  }
}

void add_optimizer(Optimizer optimizer, CommandArguments& arguments) {
  switch (optimizer) {
    case Optimizer::AdamW:
      return;
    case Optimizer::Adam:
      return arguments.flag("--opt timm/adam");
    case Optimizer::Lamb:
      return arguments.flag("--opt timm/lamb");
    case Optimizer::Sgd:
      return arguments.flag("--opt timm/sgd");
  }
}

void add_loss(const Scenario& scenario, CommandArguments& arguments) {
  arguments.flag_if(scenario.model.loss == ModelLoss::PairwiseSigmoid, "--siglip");
  if (scenario.model.loss == ModelLoss::ContrastiveSoftmax && scenario.loss_exchange == LossExchange::Local)
    arguments.flag("--local-loss --gather-with-grad");
}

void add_inputs(const Scenario& scenario, CommandArguments& arguments) {
  const Training& training = scenario.training;
  const ModelSpec& model = scenario.model;
  if (training.image_size) arguments.value("--force-image-size", *training.image_size);
  if (model.text && training.sequence_length && *training.sequence_length != model.text->context_length.value())
    arguments.value("--force-context-length", *training.sequence_length);
  if (model.vision && model.vision->style.patch_dropout > 0)
    arguments.value("--force-patch-dropout", model.vision->style.patch_dropout);
}

}  // namespace

std::vector<std::string> open_clip_launch(const Scenario& scenario) {
  check_plan(scenario);
  const ParallelPlan& plan = scenario.parallel;
  CommandArguments arguments;
  add_torchrun(scenario.cluster, arguments);
  arguments.flag("-m open_clip_train.main");
  arguments.value("--model", model_name(scenario.model));
  arguments.value("--batch-size", scenario.training.global_batch / plan.data / plan.micro_batches);
  if (plan.micro_batches > 1) arguments.value("--accum-freq", plan.micro_batches);
  add_inputs(scenario, arguments);
  add_precision(scenario.training.precision, arguments);
  add_optimizer(scenario.training.optimizer, arguments);
  arguments.flag_if(plan.zero > 1, "--fsdp");
  arguments.flag_if(plan.zero == 2, "--fsdp-no-reshard-after-forward");
  arguments.flag_if(plan.recompute == Recompute::Full, "--grad-checkpointing");
  add_loss(scenario, arguments);
  return arguments.take();
}

}  // namespace mfusim
