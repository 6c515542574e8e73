// SPDX-License-Identifier: Apache-2.0
#include "base/document.hpp"
#include "base/reader.hpp"

#include <cstdio>

int main() {
  const mfusim::Node root = mfusim::parse_yaml("bandwidth: 450 GB/s", "inline");
  mfusim::Reader reader(root, "", nullptr);
  const auto bandwidth = reader.quantity<mfusim::BytesPerSecond>("bandwidth");
  std::printf("%.0f bytes/s\n", bandwidth.value());
  return bandwidth == mfusim::BytesPerSecond(450e9) ? 0 : 1;
}
