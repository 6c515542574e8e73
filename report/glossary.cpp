// SPDX-License-Identifier: Apache-2.0
#include "report/glossary.hpp"

#include <algorithm>
#include <array>

namespace mfusim {
namespace {

constexpr const char* by_simulation = "the simulated step of the critical rank";
constexpr const char* counted = "the model's operators and the plan (docs/design.md, Counting)";
constexpr const char* memory_model = "the memory model (docs/design.md, Memory)";
constexpr const char* operators = "the model's operators and their shapes";

struct Entry {
  const char* key;
  const char* label;
  const char* definition;
  const char* source;
};

constexpr std::array headline{
    Entry{"iteration_time_s", "step time", "Time of one training step, from the first task to the last one of any rank.",
          "the simulated step"},
    Entry{"mfu", "MFU",
          "Model FLOPs utilisation: model FLOPs / (step time x GPUs x data-sheet peak). Model FLOPs are three forward passes of "
          "matrix multiplies, full attention and logits; nothing recomputed counts.",
          counted},
    Entry{"hfu", "HFU", "Hardware FLOPs utilisation: like MFU, with the FLOPs that recomputation repeats.", counted},
    Entry{"samples_per_s", "throughput", "Samples of the global batch / step time.", "the scenario and the simulated step"},
    Entry{"tokens_per_s", "tokens", "Samples a second x sequence length.", "the scenario and the simulated step"},
    Entry{"peak_bytes", "peak memory", "Most memory that a GPU of the fullest pipeline stage holds at one time.", memory_model},
    Entry{"reserved_bytes", "reserved memory", "What the caching allocator holds, in use or not, on the stage where it is most.",
          memory_model},
    Entry{"allocated_bytes", "allocated memory", "What tensors hold at their fullest, on the stage where it is most.",
          memory_model},
    Entry{"measured_s", "measured", "Step time that a published run reports; the prediction never reads it.",
          "the scenario's measured: block"},
    Entry{"model_flops", "model FLOPs", "FLOPs of the whole job in one step, without recomputation.", counted},
    Entry{"range_s", "range", "Where the step time may lie, from what the kernel and collective times stand on.",
          "the provenance of the times"},
    Entry{
        "provenance", "provenance",
        "What a time stands on: a measurement of the same shape, an interpolation between measurements, a law fitted to them, a "
        "data sheet, or an assumption.",
        "the GPU's catalog entry (mfusim hardware NAME)"},
};

constexpr std::array step_parts{
    Entry{"ideal_at_peak", "ideal at peak", "Time of the job's model FLOPs if every GPU ran at its data-sheet peak throughout.",
          counted},
    Entry{
        "counted_not_computed", "counted, not computed",
        "Model FLOPs count three forward passes, but nobody needs the gradient of the first layer's inputs: less to do, at peak.",
        counted},
    Entry{"uneven_stages", "uneven stages",
          "What the critical rank has to do beyond the mean of all ranks, at peak; negative where it has less.", counted},
    Entry{"kernel_inefficiency", "kernel inefficiency",
          "What matrix multiplies and attention take beyond their time at the data-sheet peak.", by_simulation},
    Entry{"compute_matmul", "matrix multiplies", "Time in which matrix-multiply kernels run.", by_simulation},
    Entry{"compute_attention", "attention", "Time in which attention kernels run.", by_simulation},
    Entry{"compute_memory_bound", "memory-bound kernels",
          "Normalisations, activations, additions, casts: kernels that wait for memory, not for arithmetic.", by_simulation},
    Entry{"compute_recompute", "recomputation", "Forward kernels that run again because their activations were not kept.",
          by_simulation},
    Entry{"optimizer", "optimizer", "Gradient norm and the update of the weights.", by_simulation},
    Entry{"exposed_tensor_communication", "exposed tensor communication",
          "Exchanges inside a tensor-parallel group while no kernel runs.", by_simulation},
    Entry{"exposed_embedding_exchange", "exposed embedding exchange",
          "Exchange of the towers' embeddings for the contrastive loss while no kernel runs.", by_simulation},
    Entry{"exposed_data_communication", "exposed data communication",
          "Gradient reductions and weight gathers among replicas while no kernel runs.", by_simulation},
    Entry{"exposed_context_communication", "exposed context communication",
          "Exchanges of keys and values, or of heads, inside a context-parallel group while no kernel runs.", by_simulation},
    Entry{"exposed_pipeline_communication", "exposed pipeline communication",
          "Sends between pipeline stages while no kernel runs.", by_simulation},
    Entry{"data_loading", "data loading", "Waiting for samples while nothing else runs.", by_simulation},
    Entry{"host_launch", "host launch", "Work of the host between steps and launches that the GPU waits for.", by_simulation},
    Entry{"slowed_by_communication", "slowed by communication",
          "What kernels take longer because communication beside them uses their SMs and memory bandwidth.", by_simulation},
    Entry{"bubble", "bubble", "Time in which the rank does nothing: it waits for other pipeline stages.", by_simulation},
    Entry{"smaller_parts", "smaller parts", "Parts too small to see one by one; the table has each.", by_simulation},
    Entry{"step", "the step", "The sum of all parts.", by_simulation},
};

constexpr std::array memory_parts{
    Entry{"weights", "weights", "The rank's share of the parameters, in the stack's types.", memory_model},
    Entry{"gradients", "gradients", "One gradient a trainable parameter, in the stack's type.", memory_model},
    Entry{"gathered_weights", "gathered weights",
          "Weights that are whole for a pass: gathered blocks of sharded parameters, or the 16-bit copies that autocast keeps.",
          memory_model},
    Entry{"reduction_buffers", "reduction buffers", "Where gradients stand while they are reduced, beside their own place.",
          memory_model},
    Entry{"activations", "activations", "What the operators keep for their backward pass, for all passes in flight.",
          memory_model},
    Entry{"recomputed_layer", "recomputed layer", "Activations of the one layer, or of its attention, that is being recomputed.",
          memory_model},
    Entry{"loss", "loss", "Scores of the contrastive loss, or logits, in fp32.", memory_model},
    Entry{"gradients_in_flight", "gradients in flight", "Gradients on both sides of the largest kernel of the backward pass.",
          memory_model},
    Entry{"pass_gradients", "gradients of a pass", "16-bit gradients that stand beside the fp32 sums they are added to.",
          memory_model},
    Entry{"held_back", "held back", "Freed tensors that the allocator hands out again only when their collectives have run.",
          memory_model},
    Entry{"update_copies", "copies for the update", "16-bit gradients of the rank's share, flat and in fp32.", memory_model},
    Entry{"startup", "start-up", "Reserved before the first step, beyond what steps need.", memory_model},
    Entry{"fragmentation", "fragmentation", "What the caching allocator reserves beyond its tensors.",
          "Share of what comes and goes within a step: a constant of the software stack"},
    Entry{"communicators", "communicators", "NCCL's buffers for every group of ranks that the GPU belongs to.",
          "sim/communicator_memory.hpp"},
    Entry{"framework", "framework", "CUDA context and what libraries hold outside the allocator.",
          "Assumption: a constant of the software stack"},
    Entry{"optimizer_state", "optimizer state", "Moments and the master copy of the weights, after the ZeRO stage's sharding.",
          memory_model},
};

constexpr std::array step_classes{
    Entry{"matmul", "matrix multiply", "Kernels that multiply matrices.", operators},
    Entry{"attention", "attention", "Scores, softmax and weighted sum, fused or not.", operators},
    Entry{"memory_bound", "memory-bound", "Kernels limited by memory bandwidth.", operators},
    Entry{"recompute", "recomputation", "Forward kernels that run again.", operators},
    Entry{"tensor_communication", "tensor communication", "Exchanges inside a tensor-parallel group.", operators},
    Entry{"pipeline_communication", "pipeline communication", "Sends between pipeline stages.", operators},
    Entry{"data_communication", "data communication", "Gradient reductions and weight gathers.", operators},
    Entry{"embedding_exchange", "embedding exchange", "Exchange for the contrastive loss.", operators},
};

template <std::size_t Size>
const Entry* find(const std::array<Entry, Size>& entries, std::string_view key) {
  const auto at = std::find_if(entries.begin(), entries.end(), [&](const Entry& entry) { return entry.key == key; });
  return at == entries.end() ? nullptr : &*at;
}

}  // namespace

Meaning meaning_of(std::string_view key) {
  for (const Entry* entry : {find(headline, key), find(step_parts, key), find(memory_parts, key), find(step_classes, key)}) {
    if (entry != nullptr) return {entry->label, entry->definition, entry->source};
  }
  std::string label(key);
  std::replace(label.begin(), label.end(), '_', ' ');
  return {.label = label, .definition = {}, .source = {}};
}

std::string memory_key(const std::string& part) {
  return part == "optimizer" ? "optimizer_state" : part;
}

}  // namespace mfusim
