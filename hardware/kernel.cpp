// SPDX-License-Identifier: Apache-2.0
#include "hardware/kernel.hpp"

#include <stdexcept>

namespace mfusim {

std::string to_string(Provenance provenance) {
  switch (provenance) {
    case Provenance::Measured:
      return "measured";
    case Provenance::Interpolated:
      return "interpolated";
    case Provenance::Fitted:
      return "fitted";
    case Provenance::DataSheet:
      return "data sheet";
    case Provenance::Assumed:
      return "assumed";
  }
  throw std::logic_error("unhandled Provenance");
}

std::string to_string(DataType type) {
  switch (type) {
    case DataType::Fp32:
      return "fp32";
    case DataType::Tf32:
      return "tf32";
    case DataType::Fp16:
      return "fp16";
    case DataType::Bf16:
      return "bf16";
    case DataType::Fp8:
      return "fp8";
  }
  throw std::logic_error("unhandled DataType");
}

std::string to_string(AttentionKernel kernel) {
  switch (kernel) {
    case AttentionKernel::Unfused:
      return "unfused";
    case AttentionKernel::Flash1:
      return "flash-1";
    case AttentionKernel::Flash2:
      return "flash-2";
    case AttentionKernel::Flash3:
      return "flash-3";
  }
  throw std::logic_error("unhandled AttentionKernel");
}

std::string to_string(Direction direction) {
  switch (direction) {
    case Direction::Forward:
      return "forward";
    case Direction::Backward:
      return "backward";
  }
  throw std::logic_error("unhandled Direction");
}

Bytes size_of(DataType type) {
  switch (type) {
    case DataType::Fp32:
    case DataType::Tf32:  // stored as fp32, rounded inside the tensor cores
      return Bytes(4);
    case DataType::Fp16:
    case DataType::Bf16:
      return Bytes(2);
    case DataType::Fp8:
      return Bytes(1);
  }
  throw std::logic_error("unhandled DataType");
}

}  // namespace mfusim
