// SPDX-License-Identifier: Apache-2.0
#include "kernels/npu/npu_kernels.h"

#include "kernels/npu/npu_cost.h"

namespace etalon::kernels {
namespace {

template <class T>
bool accepts(const catalog::Chip& chip, const llm::Operation& op) {
  return chip.kind == catalog::CoreKind::npu && std::holds_alternative<T>(op);
}

}  // namespace

const std::vector<Kernel>& npu_kernels() {
  constexpr auto npu = catalog::CoreKind::npu;
  static const std::vector<Kernel> all = {
      {"npu.matmul", "matrix products on cube cores, split over K where it wins",
       "many small products of one layer", "Ascend C of our own after the published samples",
       "etalon kernel matmul --chip ascend-910b1 --m 4096 --n 4096 --k 4096", npu, accepts<llm::Matmul>,
       npu_matmul_cost},
      {"npu.attention", "flash attention on cube and vector cores, forward, backward and decode",
       "sparse attention",
       "Ascend C of our own after the published structure of flash attention on split cores",
       "etalon kernel attention --chip ascend-910b2 --heads 32 --seq 4096", npu, accepts<llm::Attention>,
       npu_attention_cost},
      {"npu.grouped_matmul", "expert layers of one rank, all experts' tiles in one launch",
       "one dense product", "Ascend C of our own after the published grouped matmul samples",
       "etalon kernel grouped --chip ascend-910c-die", npu, accepts<llm::GroupedMatmul>, npu_grouped_cost},
      {"npu.vector",
       "streaming operations on vector cores: norms, activations, softmax, optimizer, permutations",
       "reductions over the whole device", "Ascend C of our own after the published element-wise samples",
       "etalon kernel rmsnorm --chip ascend-910b1 --rows 4096 --cols 4096", npu, accepts<llm::Vector>,
       npu_vector_cost},
  };
  return all;
}

}  // namespace etalon::kernels
