// SPDX-License-Identifier: Apache-2.0
#include "sim/read_scenario.hpp"

#include "model/read_model.hpp"
#include "sim/check_plan.hpp"
#include "sim/read_pipeline.hpp"
#include "sim/read_sharding.hpp"

#include <fmt/format.h>

namespace mfusim {
namespace {

namespace fs = std::filesystem;

const std::vector<std::pair<std::string, DataType>> precisions{
    {"bf16", DataType::Bf16}, {"fp16", DataType::Fp16}, {"tf32", DataType::Tf32}, {"fp32", DataType::Fp32}};
const std::vector<std::pair<std::string, Optimizer>> optimizers{
    {"adam", Optimizer::Adam}, {"adamw", Optimizer::AdamW}, {"lamb", Optimizer::Lamb}, {"sgd", Optimizer::Sgd}};

constexpr std::int64_t usual_node = 8;  // GPUs

/// Throws what `load` throws with the place of `key` in front.
template <class Load>
auto located(Reader& reader, std::string_view key, Load load) {
  try {
    return load();
  } catch (const InputError& error) {
    std::string_view rule = error.what();
    const std::string prefix = fmt::format("{}: ", key);  // the loader may have named the key already
    if (rule.starts_with(prefix)) rule.remove_prefix(prefix.size());
    reader.fail(key, rule);
  }
}

}  // namespace

ModelSpec read_model(Reader& root, const fs::path& folder, Catalogs& catalogs) {
  const Node& value = root.at("model");
  if (value.kind == Node::Kind::Mapping) return read_inline_model(root.child("model"));
  const std::string name = root.word("model");
  const bool path = name.ends_with(".json") || name.starts_with(".") || name.starts_with("/");
  return located(root, "model", [&] { return catalogs.model(path ? (folder / name).string() : name); });
}

int read_node_gpus(const Reader& cluster) {
  Reader quiet(cluster.node(), "cluster", nullptr);  // its defaults are told with the others of the section
  return static_cast<int>(quiet.positive_int("gpus_per_node", usual_node));
}

Cluster read_cluster(Reader reader, Catalogs& catalogs) {
  Cluster cluster;
  const std::string gpu = reader.word("gpu");
  cluster.gpu = located(reader, "gpu", [&] { return catalogs.gpu(gpu); });
  cluster.gpus = static_cast<int>(checked_size(reader, "gpus", reader.positive_int("gpus")));
  cluster.gpus_per_node =
      static_cast<int>(checked_size(reader, "gpus_per_node", reader.positive_int("gpus_per_node", usual_node)));
  // the largest NVLink domain of the generations in the catalog: the NVLink Switch System of H100.
  // Source: NVIDIA H100 Tensor Core GPU Architecture, "DGX H100 SuperPOD": up to 256 GPUs
  constexpr int largest_domain = 256;
  if (cluster.gpus_per_node > largest_domain) {
    reader.fail("gpus_per_node", fmt::format("expected at most {}, as many as NVLink joins; cluster.network joins nodes, got {}",
                                             largest_domain, cluster.gpus_per_node));
  }
  if (cluster.gpus <= cluster.gpus_per_node) {
    cluster.gpus_per_node = std::min(cluster.gpus, cluster.gpus_per_node);
  } else if (cluster.gpus % cluster.gpus_per_node != 0) {
    reader.fail("gpus", fmt::format("{} GPUs are not whole nodes of gpus_per_node ({})", cluster.gpus, cluster.gpus_per_node));
  }
  const Node* network = reader.find("network");
  if (network != nullptr && network->kind == Node::Kind::Mapping) {
    cluster.network = read_network(reader.child("network"));
  } else if (network != nullptr) {
    cluster.network = located(reader, "network", [&] { return catalogs.network(reader.word("network")); });
  } else if (cluster.gpus > cluster.gpus_per_node) {
    reader.fail("network", "missing: more than one node needs a network: a name that `mfusim hardware` lists, or its figures");
  }
  reader.reject_unknown_keys();
  return cluster;
}

void read_patch_dropout(Reader& training, ModelSpec& model) {
  if (!training.has("patch_dropout")) return;
  if (!model.vision) training.fail("patch_dropout", fmt::format("{} has no vision tower", model.name));
  const double dropped = training.fraction("patch_dropout");
  if (dropped >= 1) training.fail("patch_dropout", fmt::format("expected less than 1: no patch would be left, got {}", dropped));
  model.vision->style.patch_dropout = dropped;
}

Training read_training(Reader& reader, const ModelSpec& model, const Cluster& cluster) {
  Training training;
  training.global_batch = checked_size(reader, "global_batch", reader.positive_int("global_batch"));
  if (reader.has("text_length") && reader.has("sequence_length"))
    reader.fail("text_length", "given together with sequence_length: one of them");
  if (reader.has("text_length"))
    training.sequence_length = checked_size(reader, "text_length", reader.positive_int("text_length"));
  if (reader.has("sequence_length"))
    training.sequence_length = checked_size(reader, "sequence_length", reader.positive_int("sequence_length"));
  if (reader.has("image_size")) training.image_size = checked_size(reader, "image_size", reader.positive_int("image_size"));
  complete_lengths(reader, model, training);
  if (const Node* given = reader.find("precision"); given != nullptr && given->text == "fp8")
    reader.fail("precision", "fp8 training is not modelled (`mfusim hardware GPU --gemm M,N,K,fp8` has the time of one product)");
  training.precision = reader.choice("precision", precisions, "bf16");
  if (!supports(cluster.gpu, training.precision)) {
    reader.fail("precision", fmt::format("{} has no data-sheet rate for {}", cluster.gpu.name, to_string(training.precision)));
  }
  training.optimizer = reader.choice("optimizer", optimizers, "adamw");
  if (reader.has("micro_batch")) training.micro_batch = checked_size(reader, "micro_batch", reader.positive_int("micro_batch"));
  return training;
}

/// `auto`: wherever it is possible, that is in a language model whose layers are split over ranks.
bool read_sequence(Reader& reader, const ModelSpec& model, int tensor) {
  const Node* given = reader.find("sequence");
  if (given != nullptr && given->kind == Node::Kind::Scalar && given->text == "auto") return tensor > 1 && !is_contrastive(model);
  if (given != nullptr && (given->kind != Node::Kind::Scalar || (given->text != "true" && given->text != "false")))
    reader.fail("sequence", "expected true, false or auto, got " + describe(*given));
  const bool sequence = reader.boolean("sequence", false);
  if (sequence && tensor == 1) reader.fail("sequence", "sequence parallelism needs tensor > 1, got tensor 1");
  return sequence;
}

ParallelPlan read_cut(Reader& reader, const ModelSpec& model, const Cluster& cluster) {
  ParallelPlan plan;
  plan.tensor = static_cast<int>(checked_size(reader, "tensor", reader.positive_int("tensor", 1)));
  plan.pipeline = static_cast<int>(checked_size(reader, "pipeline", reader.positive_int("pipeline", 1)));
  read_schedule(reader, plan);
  read_context(reader, plan);
  plan.data = resolved_data_parallel(reader, plan, cluster);
  check_plan(reader, plan, cluster);
  plan.chunk_layers = read_chunk_layers(reader, plan, repeated_layers(model));
  for (const std::string_view key : uncut_keys) reader.allow(key);
  reader.reject_unknown_keys();
  return plan;
}

ParallelPlan read_parallel(Reader& reader, const ParallelPlan& cut, const ModelSpec& model) {
  ParallelPlan plan = cut;
  plan.sequence = read_sequence(reader, model, plan.tensor);
  read_sharding(reader, plan);
  read_recompute(reader, plan);
  complete_sharding(reader, plan);
  return plan;
}

DataPipeline read_data(std::optional<Reader> reader) {
  DataPipeline data;
  if (!reader) return data;
  if (reader->has("bytes_per_sample")) data.bytes_per_sample = reader->quantity<Bytes>("bytes_per_sample");
  if (reader->has("storage_per_node")) data.storage_per_node = reader->quantity<BytesPerSecond>("storage_per_node");
  if (reader->has("decode_per_node")) data.decode_per_node = reader->quantity<SamplesPerSecond>("decode_per_node");
  if (data.storage_per_node && data.storage_per_node->value() <= 0) reader->fail("storage_per_node", "expected a rate above 0");
  if (data.decode_per_node && data.decode_per_node->value() <= 0) reader->fail("decode_per_node", "expected a rate above 0");
  if (data.bytes_per_sample.has_value() != data.storage_per_node.has_value()) {
    reader->fail(data.bytes_per_sample ? "storage_per_node" : "bytes_per_sample",
                 "missing: bytes_per_sample and storage_per_node go together");
  }
  reader->reject_unknown_keys();
  return data;
}

std::optional<Measured> read_measured(std::optional<Reader> reader) {
  if (!reader) return std::nullopt;
  Measured measured;
  if (reader->has("iteration_time")) measured.iteration_time = reader->quantity<Seconds>("iteration_time");
  if (reader->has("mfu")) measured.mfu = reader->fraction("mfu");
  measured.source = reader->word("source");
  if (measured.iteration_time && measured.iteration_time->count() <= 0)
    reader->fail("iteration_time", "expected a positive time");
  for (const char* known : {"samples_per_s", "tokens_per_s", "hfu", "memory", "memory_figure", "family", "split", "unstated",
                            "assumed", "tier", "id"})
    reader->allow(known);
  reader->reject_unknown_keys();
  return measured;
}

Stack read_stack(Reader& root, const ModelSpec& model, Catalogs& catalogs) {
  const std::string fallback = model.decoder ? "megatron-core-2024" : "pytorch-ddp-2024";
  const std::string name = root.has("stack") ? root.word("stack") : fallback;
  if (!root.has("stack")) root.note_default("stack", fallback);
  return located(root, "stack", [&] { return catalogs.stack(name); });
}

std::string to_string(Optimizer optimizer) {
  return word_of(optimizers, optimizer);
}

}  // namespace mfusim
