// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/reader.hpp"
#include "hardware/catalog_reader.hpp"
#include "hardware/gpu.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace mfusim {

/// A GPU from a catalog entry, whatever file it is in. Throws InputError.
[[nodiscard]] Gpu read_gpu(const std::string& name, Reader reader);

/// The entry as it stands in the catalog, to change and write out again.
[[nodiscard]] Node gpu_entry(std::string_view name);

/// Names that measurements give to this GPU (also_called), with its own.
[[nodiscard]] std::vector<std::string> names_of_gpu(std::string_view name);

/// Words by which measured systems name this network (also_called).
[[nodiscard]] std::vector<std::string> names_of_network(std::string_view name);

/// Every figure of a catalog entry with its source, in the order of the file. Throws InputError with the nearest name.
[[nodiscard]] std::vector<Figure> gpu_figures(std::string_view name);
[[nodiscard]] std::vector<Figure> network_figures(std::string_view name);

}  // namespace mfusim
