// SPDX-License-Identifier: Apache-2.0
#include "sim/step.hpp"

#include <stdexcept>

namespace mfusim {

StepTable StepTable::behind(const StepTable& first) {
  if (first.shared_rows_ > 0) throw std::logic_error("a table behind a table behind a table");
  StepTable table;
  table.first_ = &first;
  table.shared_rows_ = first.size();
  return table;
}

std::string to_string(StreamKind kind) {
  switch (kind) {
    case StreamKind::Compute:
      return "compute";
    case StreamKind::Tensor:
      return "tensor communication";
    case StreamKind::Data:
      return "data communication";
    case StreamKind::PipelineForward:
      return "pipeline send forward";
    case StreamKind::PipelineBackward:
      return "pipeline send backward";
    case StreamKind::Copy:
      return "copy";
    case StreamKind::Host:
      return "host";
    case StreamKind::Loader:
      return "loader";
    case StreamKind::Context:
      return "context communication";
    case StreamKind::Compute2:
      return "second compute";
  }
  throw std::logic_error("unhandled StreamKind");
}

std::string to_string(StepClass step_class) {
  switch (step_class) {
    case StepClass::Matmul:
      return "matmul";
    case StepClass::Attention:
      return "attention";
    case StepClass::MemoryBound:
      return "memory_bound";
    case StepClass::Recompute:
      return "recompute";
    case StepClass::Optimizer:
      return "optimizer";
    case StepClass::TensorCommunication:
      return "tensor_communication";
    case StepClass::PipelineCommunication:
      return "pipeline_communication";
    case StepClass::DataCommunication:
      return "data_communication";
    case StepClass::EmbeddingExchange:
      return "embedding_exchange";
    case StepClass::DataLoading:
      return "data_loading";
    case StepClass::HostLaunch:
      return "host_launch";
    case StepClass::ContextCommunication:
      return "context_communication";
  }
  throw std::logic_error("unhandled StepClass");
}

}  // namespace mfusim
