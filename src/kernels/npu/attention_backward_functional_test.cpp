// SPDX-License-Identifier: Apache-2.0
// The backward attention kernel against double precision, through L2 and from core to core.
#include "kernels/npu/attention_backward.h"
#include "kernels/npu/attention_reference_for_test.h"

namespace etalon::kernels::npu {
namespace {

template <class T, bool direct = false>
void expect_gradients(AttentionShape s, int blocks) {
  ascendc::Device device(direct ? costs_of_950() : test_costs(), nullptr, true);
  T* q = random_of<T>(device, s.batch * s.q_batch, "q");
  T* k = random_of<T>(device, s.batch * s.kv_batch, "k");
  T* v = random_of<T>(device, s.batch * s.v_batch, "v");
  T* grad = random_of<T>(device, s.batch * s.o_batch, "grad");
  T* o = device.allocate_of<T>(s.batch * s.o_batch);
  float* lse = device.allocate_of<float>(s.batch * s.heads * s.seq_q);
  T* dq = device.allocate_of<T>(s.batch * s.q_batch);
  T* dk = device.allocate_of<T>(s.batch * s.kv_batch);
  T* dv = device.allocate_of<T>(s.batch * s.v_batch);
  const Reference r = reference_forward(s, q, k, v, grad);
  for (std::size_t i = 0; i < r.o.size(); ++i) o[i] = T(static_cast<float>(r.o[i]));
  for (std::size_t i = 0; i < r.lse.size(); ++i) lse[i] = static_cast<float>(r.lse[i]);
  const auto p = [](auto* x) { return reinterpret_cast<GmAddress>(x); };
  AttentionGradientPointers all;
  all.q = p(q), all.k = p(k), all.v = p(v), all.o = p(o), all.grad = p(grad), all.lse = p(lse);
  all.dq = p(dq), all.dk = p(dk), all.dv = p(dv);
  all.workspace = reinterpret_cast<GmAddress>(device.allocate(attention_backward_workspace(s, blocks)));
  std::fill_n(reinterpret_cast<std::uint8_t*>(all.workspace), attention_backward_workspace(s, blocks), 0x7f);
  run_functional(device, ascendc::KernelType::mix_1_2, blocks,
                 [&] { attention_backward_kernel<T, direct>(all, s); });
  // Weights, their gradients and the output are rounded to T once each, sums are in fp32.
  const double epsilon = std::is_same_v<T, half> ? 1.0 / 256 : 1.0 / 32;
  EXPECT_LE(worst_error(dq, r.dq, epsilon, epsilon), 1) << s.seq_q << "x" << s.seq_kv;
  EXPECT_LE(worst_error(dk, r.dk, epsilon, epsilon), 1) << s.seq_q << "x" << s.seq_kv;
  EXPECT_LE(worst_error(dv, r.dv, epsilon, epsilon), 1) << s.seq_q << "x" << s.seq_kv;
}

AttentionShape tiled(AttentionShape s, std::int64_t rows, std::int64_t keys, std::int64_t window = 0) {
  s.rows = rows, s.keys = keys, s.window = window;
  return s;
}

TEST(NpuAttentionBackward, MatchesTheReferenceForWholeBlocks) {
  expect_gradients<half>(shape_of(1, 2, 2, 256, 384, 128, 128, false), 3);
}
TEST(NpuAttentionBackward, TakesRaggedCausalSequencesGroupedHeadsAndBatches) {
  expect_gradients<half>(shape_of(2, 4, 2, 150, 150, 64, 64, true), 5);
  expect_gradients<half>(shape_of(1, 4, 1, 70, 333, 64, 64, true), 4);
  expect_gradients<half>(shape_of(1, 1, 1, 1, 1, 16, 16, true), 1);
  expect_gradients<half>(shape_of(1, 1, 1, 17, 200, 80, 48, false), 1);
}
TEST(NpuAttentionBackward, TakesDifferentDimensionsOfKeysAndValues) {
  expect_gradients<half>(shape_of(1, 2, 2, 140, 260, 192, 128, true), 4);
  expect_gradients<half>(tiled(shape_of(1, 1, 1, 100, 150, 256, 256, true), 64, 64), 2);
}
TEST(NpuAttentionBackward, SeesOnlyTheKeysOfItsWindow) {
  expect_gradients<half>(tiled(shape_of(1, 2, 1, 300, 300, 64, 64, true), 128, 128, 100), 3);
}
TEST(NpuAttentionBackward, WorksInBfloat16) {
  expect_gradients<bfloat16_t>(shape_of(1, 2, 1, 200, 300, 128, 128, true), 4);
}
TEST(NpuAttentionBackward, OnThe950TilesGoFromCoreToCore) {
  expect_gradients<half, true>(shape_of(1, 2, 2, 256, 384, 128, 128, false), 3);
  expect_gradients<half, true>(shape_of(2, 4, 1, 131, 200, 64, 64, true), 2);
  expect_gradients<bfloat16_t, true>(shape_of(1, 2, 1, 200, 300, 192, 128, true), 4);
  expect_gradients<half, true>(shape_of(1, 1, 1, 1, 300, 128, 128, true), 1);
}

}  // namespace
}  // namespace etalon::kernels::npu
