// SPDX-License-Identifier: Apache-2.0
#include "study/peaks.h"

#include <string>

namespace etalon::study {
namespace {

// The matrix units that multiply a format: weights of four bits are widened to bf16 first.
const char* unit_of(llm::Dtype dtype) {
  switch (dtype) {
    case llm::Dtype::fp32:
      return "fp32";
    case llm::Dtype::tf32:
      return "tf32";
    case llm::Dtype::fp16:
      return "fp16";
    case llm::Dtype::fp8:
    case llm::Dtype::fp8_block:
    case llm::Dtype::mxfp8:
    case llm::Dtype::hif8:
      return "fp8";
    case llm::Dtype::int8:
    case llm::Dtype::int32:
      return "int8";
    case llm::Dtype::bf16:
    case llm::Dtype::mxfp4_w:
      break;
  }
  return "bf16";
}

}  // namespace

Peaks peaks_of(const catalog::Chip& chip, llm::Dtype dtype) {
  Peaks peaks;
  peaks.hbm = chip.get<BytesPerSecond>("hbm.bandwidth");
  // Kernels load by asynchronous copies; multicast counts as often as it is received.
  for (const char* path : {"l2.bandwidth", "l2.copy_bandwidth"}) {
    if (chip.has(path)) peaks.l2 = chip.get<BytesPerSecond>(path);
  }
  const bool is_gpu = chip.kind == catalog::CoreKind::gpu;
  const std::string path = std::string(is_gpu ? "tensor." : "cube.") + unit_of(dtype);
  if (chip.has(path)) {
    const double cores = chip.count(is_gpu ? "sm.count" : "cube.count");
    peaks.matrix = cores * chip.get<FlopsPerCycle>(path) * chip.get<Hertz>("clock.max");
  }
  return peaks;
}

}  // namespace etalon::study
