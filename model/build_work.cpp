// SPDX-License-Identifier: Apache-2.0
#include "model/build_work.hpp"

namespace mfusim {

template Work<Count> build_work(const ModelSpecOf<Count>&, const InputShapeOf<Count>&);

}  // namespace mfusim
