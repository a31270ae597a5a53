// SPDX-License-Identifier: Apache-2.0
#include "kernels/npu/flash_attention.h"
#include "kernels/npu/test_device.h"

namespace etalon::kernels::npu {
namespace {

// Tensors as [batch, sequence, heads, dim].
AttentionShape shape_of(std::int64_t batch, std::int64_t heads, std::int64_t kv_heads, std::int64_t q,
                        std::int64_t kv, std::int64_t dim, std::int64_t dim_v, bool causal) {
  AttentionShape s;
  s.batch = batch, s.heads = heads, s.kv_heads = kv_heads, s.seq_q = q, s.seq_kv = kv, s.dim = dim,
  s.dim_v = dim_v;
  s.causal = causal;
  s.scale = static_cast<float>(1 / std::sqrt(static_cast<double>(dim)));
  s.q_head = s.kv_head = dim, s.q_row = heads * dim, s.q_batch = q * s.q_row, s.kv_row = kv_heads * dim,
  s.kv_batch = kv * s.kv_row;
  s.v_head = s.o_head = dim_v, s.v_row = kv_heads * dim_v, s.v_batch = kv * s.v_row, s.o_row = heads * dim_v,
  s.o_batch = q * s.o_row;
  return s;
}

template <class T>
void expect_attention(const AttentionShape& s, int blocks) {
  TestDevice device;
  T* q = device.random<T>(s.batch * s.q_batch, "q");
  T* k = device.random<T>(s.batch * s.kv_batch, "k");
  T* v = device.random<T>(s.batch * s.v_batch, "v");
  T* o = device.allocate_of<T>(s.batch * s.o_batch);
  float* lse = device.allocate_of<float>(s.batch * s.heads * s.seq_q);
  auto* workspace = reinterpret_cast<GmAddress>(device.allocate(attention_workspace(blocks)));
  const auto p = [](auto* x) { return reinterpret_cast<GmAddress>(x); };
  run_functional(device, ascendc::KernelType::mix_1_2, blocks,
                 [&] { flash_attention_kernel<T>(p(q), p(k), p(v), p(o), p(lse), workspace, s); });
  std::vector<double> out(static_cast<std::size_t>(s.batch * s.o_batch)), logs;
  for (std::int64_t b = 0; b < s.batch; ++b) {
    for (std::int64_t h = 0; h < s.heads; ++h) {
      for (std::int64_t i = 0; i < s.seq_q; ++i) {
        const std::int64_t keys = s.causal ? std::min(s.seq_kv, i + 1 + s.seq_kv - s.seq_q) : s.seq_kv,
                           g = h * s.kv_heads / s.heads;
        std::vector<double> weight(static_cast<std::size_t>(keys));
        double most = -1e300, sum = 0;
        for (std::int64_t j = 0; j < keys; ++j) {
          double dot = 0;
          for (std::int64_t d = 0; d < s.dim; ++d) {
            dot +=
                static_cast<double>(static_cast<float>(q[b * s.q_batch + i * s.q_row + h * s.q_head + d])) *
                static_cast<float>(k[b * s.kv_batch + j * s.kv_row + g * s.kv_head + d]);
          }
          weight[static_cast<std::size_t>(j)] = dot * s.scale;
          most = std::max(most, dot * s.scale);
        }
        for (auto& w : weight) sum += w = std::exp(w - most);
        logs.push_back(most + std::log(sum));
        for (std::int64_t d = 0; d < s.dim_v; ++d) {
          double x = 0;
          for (std::int64_t j = 0; j < keys; ++j)
            x += weight[static_cast<std::size_t>(j)] / sum *
                 static_cast<float>(v[b * s.v_batch + j * s.v_row + g * s.v_head + d]);
          out[static_cast<std::size_t>(b * s.o_batch + i * s.o_row + h * s.o_head + d)] = x;
        }
      }
    }
  }
  const double epsilon = std::is_same_v<T, half> ? 1.0 / 1024 : 1.0 / 128;
  EXPECT_LE(worst_error(o, out, epsilon, epsilon), 1) << s.seq_q << "x" << s.seq_kv;
  EXPECT_LE(worst_error(lse, logs, 1e-5, 1e-5), 1) << s.seq_q << "x" << s.seq_kv;
}

TEST(NpuFlashAttention, MatchesTheReferenceForWholeBlocks) {
  expect_attention<half>(shape_of(1, 2, 2, 256, 384, 128, 128, false), 3);
}
TEST(NpuFlashAttention, SeesOnlyEarlierKeysWhenCausal) {
  expect_attention<half>(shape_of(1, 2, 2, 300, 300, 128, 128, true), 4);
}
TEST(NpuFlashAttention, TakesRaggedSequencesGroupedHeadsAndBatches) {
  expect_attention<half>(shape_of(2, 4, 2, 70, 333, 64, 64, false), 5);
  expect_attention<half>(shape_of(2, 4, 1, 130, 200, 64, 64, true), 2);
  expect_attention<half>(shape_of(1, 1, 1, 1, 1, 16, 16, true), 1);
  expect_attention<half>(shape_of(1, 1, 1, 1, 1000, 128, 128, true), 1);
}
TEST(NpuFlashAttention, TakesDifferentDimensionsOfKeysAndValues) {
  expect_attention<half>(shape_of(1, 2, 2, 140, 260, 192, 128, true), 4);
}
TEST(NpuFlashAttention, WorksInBfloat16) {
  expect_attention<bfloat16_t>(shape_of(1, 2, 1, 200, 300, 128, 128, true), 4);
}

}  // namespace
}  // namespace etalon::kernels::npu
