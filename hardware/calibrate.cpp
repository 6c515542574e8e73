// SPDX-License-Identifier: Apache-2.0
#include "hardware/calibrate.hpp"

#include "base/document.hpp"
#include "hardware/catalog.hpp"
#include "hardware/entry_yaml.hpp"
#include "hardware/gpu_reader.hpp"
#include "hardware/measured_grids.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace mfusim {

namespace {

struct Draft {
  Node entry;
  Gpu gpu;
  std::string file;
  std::vector<FittedPart> parts;

  void set(const std::string& path, const std::string& value) { set_value(entry, path, value); }
  void set_words(const std::string& path, const std::string& words) { set(path, fmt::format("\"{}\"", words)); }
  void set_range(const std::string& path, double least, double most) {
    set(path + ".least", fmt::format("{:.0f}", least));
    set(path + ".most", fmt::format("{:.0f}", most));
  }
  [[nodiscard]] bool has(const std::string& section, const std::string& part, const std::string& key) const {
    const Node* at = entry.find(section);
    if (at != nullptr) at = at->find(part);
    return at != nullptr && at->find(key) != nullptr;
  }
  void add_part(const std::string& path, const FitResiduals& residuals, const std::string& reference) {
    set(path + ".residuals.points", std::to_string(residuals.points));
    set(path + ".residuals.median", fmt::format("{:.3f}", residuals.median));
    set(path + ".residuals.p90", fmt::format("{:.3f}", residuals.p90));
    parts.push_back({path, residuals, reference});
  }
};

std::string tera(double value, std::string_view unit) {
  return fmt::format("{:.4g} T{}", value / 1e12, unit);
}
std::string micro(Seconds time) {
  return fmt::format("{:.4g} us", time.count() * 1e6);
}
std::string giga(BytesPerSecond rate) {
  return fmt::format("{:.4g} GB/s", rate.value() / 1e9);
}

/// Adds `value` to `range`; an empty range has least 0.
void widen(MeasuredRange& range, double value) {
  range.least = range.least > 0 ? std::min(range.least, value) : value;
  range.most = std::max(range.most, value);
}

template <class Point>
void keep_rows_of(std::vector<Point>& points, const GpuNames& names) {
  std::erase_if(points, [&](const Point& point) { return !is_called(names, point.origin.gpu); });
}

void write_gemm_law(Draft& draft, const std::string& path, const GemmLaw& law) {
  draft.set(path + ".ceiling", tera(law.ceiling.value(), "FLOP/s"));
  draft.set(path + ".k_half", fmt::format("{:.4g}", law.k_half));
  draft.set(path + ".wave_softness", fmt::format("{:.3f}", law.wave_softness));
  const auto& tile = law.tile_efficiency;
  draft.set(path + ".tile_efficiency", fmt::format("[1, {:.3f}, {:.3f}, {:.3f}, {:.3f}]", tile[1], tile[2], tile[3], tile[4]));
  draft.set(path + ".memory_bandwidth", tera(law.memory_bandwidth.value(), "B/s"));
  draft.set(path + ".floor", micro(law.floor));
  draft.set(path + ".sharpness", fmt::format("{:.3g}", law.sharpness));
}

void calibrate_gemm(Draft& draft, std::vector<GemmPoint> points) {
  std::erase_if(points, [](const GemmPoint& point) {
    return size_of(point.shape.dtype) != Bytes(2) || point.shape.pass == GemmPass::WeightGradient;
  });
  const GemmFit fit = fit_gemm(draft.gpu, points);
  const std::string format = draft.gpu.peak.contains(DataType::Bf16) ? "bf16" : "fp16";
  const std::string path = "gemm." + format;
  MeasuredRange rows;
  MeasuredRange columns;
  MeasuredRange depth;
  for (const GemmPoint& point : points) {
    widen(rows, static_cast<double>(point.shape.m));
    widen(columns, static_cast<double>(point.shape.n));
    widen(depth, static_cast<double>(point.shape.k));
  }
  draft.set_words(path + ".source", fmt::format("Fitted to the rows of this GPU in {}", draft.file));
  draft.set(path + ".provenance", "fitted");
  draft.set_words(path + ".reference", fit.sources.reference);
  write_gemm_law(draft, path, fit.law);
  draft.set_range(path + ".rows", rows.least, rows.most);
  draft.set_range(path + ".columns", columns.least, columns.most);
  draft.set_range(path + ".depth", depth.least, depth.most);
  if (!draft.has("gemm", format, "training_ceiling")) {
    draft.set(path + ".training_ceiling.value", tera(fit.law.ceiling.value(), "FLOP/s"));
    draft.set_words(path + ".training_ceiling.source", "Assumption: the kernel ceiling itself; no training run at hand");
  }
  if (!draft.has("gemm", format, "sum_exposed")) {
    draft.set(path + ".sum_exposed.value", "0.52");
    draft.set_words(path + ".sum_exposed.source", "Assumption: as on A100-PCIe; not measured here");
  }
  draft.add_part(path, fit.residuals, fit.sources.reference);
}

void write_attention_law(Draft& draft, const std::string& path, const AttentionLaw& law,
                         const std::vector<AttentionPoint>& points) {
  MeasuredRange keys;
  MeasuredRange head_dim;
  for (const AttentionPoint& point : points) {
    widen(keys, static_cast<double>(point.shape.keys));
    widen(head_dim, static_cast<double>(point.shape.head_dim));
  }
  draft.set_words(path + ".source", fmt::format("Fitted to the rows of this GPU in {}", draft.file));
  draft.set(path + ".provenance", "fitted");
  draft.set(path + ".ceiling", tera(law.ceiling.value(), "FLOP/s"));
  draft.set(path + ".head_dim_half", fmt::format("{:.4g}", law.head_dim_half));
  draft.set(path + ".keys_half", fmt::format("{:.4g}", law.keys_half));
  draft.set(path + ".wave_softness", fmt::format("{:.3f}", law.wave_softness));
  draft.set(path + ".floor", micro(law.floor));
  draft.set(path + ".memory_bandwidth", tera(law.memory_bandwidth.value(), "B/s"));
  draft.set_range(path + ".keys", keys.least, keys.most);
  draft.set_range(path + ".head_dim", head_dim.least, head_dim.most);
}

/// The source that the entry names as its reference, if the file has rows of it.
std::string named_reference(const Draft& draft, const std::string& kernel, const std::vector<AttentionPoint>& points) {
  const Node* at = draft.entry.find("attention");
  if (at != nullptr) at = at->find(kernel);
  if (at != nullptr) at = at->find("reference");
  if (at == nullptr) return "";
  const bool present =
      std::any_of(points.begin(), points.end(), [&](const AttentionPoint& point) { return point.origin.source == at->text; });
  return present ? at->text : "";
}

void add_training_share(Draft& draft, const std::string& path) {
  draft.set(path + ".training_share.value", "0.93");
  draft.set_words(path + ".training_share.source",
                  "Calibrated on published training runs: attention inside a step against its benchmark; weakly pinned");
}

void calibrate_attention(Draft& draft, const std::vector<AttentionPoint>& all) {
  for (const auto& [name, kernel] : attention_kernel_names()) {
    std::vector<AttentionPoint> points = all;
    const AttentionKernel wanted = kernel;
    std::erase_if(points, [&](const AttentionPoint& point) { return !point.pure() || point.shape.kernel != wanted; });
    if (points.empty() || kernel == AttentionKernel::Unfused) continue;
    const AttentionFit fit = fit_attention(draft.gpu, points, named_reference(draft, name, points));
    const std::string path = "attention." + name;
    draft.set_words(path + ".reference", fit.sources.reference);
    const bool is_new = !draft.has("attention", name, "forward");
    write_attention_law(draft, path + ".forward", fit.forward, points);
    if (is_new) add_training_share(draft, path + ".forward");
    draft.add_part(path + ".forward", fit.residuals, fit.sources.reference);
    if (!fit.has_backward) continue;
    const bool is_new_backward = !draft.has("attention", name, "backward");
    write_attention_law(draft, path + ".backward", fit.backward, points);
    if (is_new_backward) add_training_share(draft, path + ".backward");
    draft.set(path + ".backward.residuals", fmt::format("{{points: {}, median: {:.3f}, p90: {:.3f}}}", fit.residuals.points,
                                                        fit.residuals.median, fit.residuals.p90));
  }
}

void write_collective_law(Draft& draft, const std::string& path, const NodeCollectiveLaw& law, const MeasuredRange& message) {
  draft.set_words(path + ".source", fmt::format("Fitted to the rows of this GPU in {}", draft.file));
  draft.set(path + ".provenance", "fitted");
  draft.set(path + ".base", micro(law.base));
  draft.set(path + ".step", micro(law.step));
  draft.set(path + ".eager_share", fmt::format("{:.3f}", law.eager_share));
  draft.set(path + ".bulk_base", micro(law.bulk_base));
  draft.set(path + ".bulk_step", micro(law.bulk_step));
  draft.set(path + ".bandwidth", giga(law.bandwidth));
  draft.set(path + ".copy_bandwidth", giga(law.copy_bandwidth));
  draft.set_range(path + ".message", message.least, message.most);
}

void write_switch_reduction(Draft& draft, const SwitchReductionModel& model) {
  const std::string path = "node_collectives.switch_reduction";
  draft.set_words(path + ".source", fmt::format("Fitted to the eight-rank all-reduces of this GPU in {}", draft.file));
  draft.set(path + ".provenance", "fitted");
  draft.set(path + ".ranks", std::to_string(model.ranks));
  draft.set(path + ".base", micro(model.base));
  draft.set(path + ".bandwidth", giga(model.bandwidth));
}

constexpr std::array<std::pair<std::string_view, Collective>, 4> fitted_collectives{
    {{"all_reduce", Collective::AllReduce},
     {"all_gather", Collective::AllGather},
     {"reduce_scatter", Collective::ReduceScatter},
     {"all_to_all", Collective::AllToAll}}};

constexpr int whole_node = 8;

double largest_message(const std::vector<CollectivePoint>& points, Collective kind, const std::string& source) {
  double largest = 0;
  for (const CollectivePoint& point : points) {
    if (point.regular() && point.shape.kind == kind && point.origin.source == source) {
      largest = std::max(largest, point.shape.message.value());
    }
  }
  return largest;
}

/// Collectives of one source: nodes of different builders differ in more than a scale. Larger messages than it holds,
/// over whole nodes, are taken from the others.
void calibrate_collectives(Draft& draft, const std::vector<CollectivePoint>& all) {
  const std::string reference = largest_node_source(all);
  for (const auto& [name, kind] : fitted_collectives) {
    std::vector<CollectivePoint> points = all;
    const Collective wanted = kind;
    const double largest = largest_message(all, wanted, reference);
    std::erase_if(points, [&](const CollectivePoint& point) {
      const bool beyond = point.shape.group.ranks == whole_node && point.shape.message.value() > largest;
      return !point.regular() || point.shape.kind != wanted || (point.origin.source != reference && !beyond);
    });
    if (largest <= 0) continue;
    const bool in_switch = kind == Collective::AllReduce && draft.has("node_collectives", "switch_reduction", "ranks");
    const NodeCollectiveFit fit =
        fit_node_collective(draft.gpu, points, in_switch ? SwitchReduction::AllGpus : SwitchReduction::None);
    MeasuredRange message;
    for (const CollectivePoint& point : points) widen(message, point.shape.message.value());
    const std::string path = "node_collectives." + std::string(name);
    write_collective_law(draft, path, fit.law, message);
    if (fit.switch_reduction) write_switch_reduction(draft, *fit.switch_reduction);
    draft.add_part(path, fit.residuals, reference);
  }
}

template <class Point, class Fit>
void calibrate_rows(Draft& draft, std::vector<Point> points, const GpuNames& names, Fit fit) {
  keep_rows_of(points, names);
  if (points.empty()) throw InputError(fmt::format("{}: no row is of {}", draft.file, draft.gpu.name));
  fit(draft, points);
}

}  // namespace

Calibration calibrate(std::string_view points, const std::string& file, const std::string& name) {
  Draft draft{.entry = gpu_entry(name), .gpu = load_gpu(name), .file = file.substr(file.find_last_of('/') + 1), .parts = {}};
  const GpuNames names = names_of_gpu(name);
  std::vector<LeftOut> left_out;
  PointsFile read = read_points(points, file, left_out);
  if (auto* gemm = std::get_if<std::vector<GemmPoint>>(&read)) calibrate_rows(draft, *gemm, names, calibrate_gemm);
  if (auto* attention = std::get_if<std::vector<AttentionPoint>>(&read)) {
    calibrate_rows(draft, *attention, names, calibrate_attention);
  }
  if (auto* collective = std::get_if<std::vector<CollectivePoint>>(&read)) {
    calibrate_rows(draft, *collective, names, calibrate_collectives);
  }
  if (draft.parts.empty()) throw InputError(fmt::format("{}: no kernel of {} that we model", file, name));
  return {.yaml = entry_yaml(draft.entry), .parts = draft.parts};
}

}  // namespace mfusim
