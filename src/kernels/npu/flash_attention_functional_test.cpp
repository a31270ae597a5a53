// SPDX-License-Identifier: Apache-2.0
// The flash attention kernel against double precision: prefill, decode, latent, split keys, windows, through
// L2 (910B) and directly between cube and vector cores (950).
#include "kernels/npu/attention_reference_for_test.h"
#include "kernels/npu/flash_attention.h"

namespace etalon::kernels::npu {
namespace {

template <class T, bool direct = false>
void expect_attention(AttentionShape s, int blocks) {
  ascendc::Device device(direct ? costs_of_950() : test_costs(), nullptr, true);
  T* q = random_of<T>(device, s.batch * s.q_batch, "q");
  T* k = random_of<T>(device, s.batch * s.kv_batch, "k");
  T* v = s.shared_kv ? k : random_of<T>(device, s.batch * s.v_batch, "v");
  T* o = device.allocate_of<T>(s.batch * s.o_batch);
  float* lse = s.pack == 1 ? device.allocate_of<float>(s.batch * s.heads * s.seq_q) : nullptr;
  auto* workspace = reinterpret_cast<GmAddress>(device.allocate(attention_workspace(s, blocks)));
  const auto p = [](auto* x) { return reinterpret_cast<GmAddress>(x); };
  run_functional(device, ascendc::KernelType::mix_1_2, blocks,
                 [&] { flash_attention_kernel<T, direct>(p(q), p(k), p(v), p(o), p(lse), workspace, s); });
  const Reference r = reference_forward(s, q, k, v);
  const double epsilon = sizeof(T) == 1 ? 1.0 / 8 : std::is_same_v<T, half> ? 1.0 / 1024 : 1.0 / 128;
  EXPECT_LE(worst_error(o, r.o, epsilon, epsilon), 1) << s.seq_q << "x" << s.seq_kv;
  if (lse != nullptr) {
    EXPECT_LE(worst_error(lse, r.lse, 1e-5, 1e-5), 1) << s.seq_q << "x" << s.seq_kv;
  }
}

// Query heads of a group as rows of one tile.
AttentionShape decode_of(AttentionShape s, std::int64_t rows, std::int64_t keys, std::int64_t splits) {
  s.pack = s.heads / s.kv_heads;
  s.rows = rows, s.keys = keys, s.splits = splits;
  return s;
}
AttentionShape split_of(AttentionShape s, std::int64_t splits) {
  s.splits = splits;
  return s;
}
AttentionShape window_of(AttentionShape s, std::int64_t window) {
  s.window = window;
  return s;
}
// Latent decode, absorbed: one shared row of dim, its first dim_v values, per token.
AttentionShape latent_of(std::int64_t batch, std::int64_t heads, std::int64_t q, std::int64_t kv,
                         std::int64_t dim, std::int64_t dim_v, std::int64_t splits) {
  AttentionShape s = decode_of(shape_of(batch, heads, 1, q, kv, dim, dim_v, true), 64, 128, splits);
  s.shared_kv = true;
  s.lag = 1;
  s.v_row = s.kv_row, s.v_head = s.kv_head, s.v_batch = s.kv_batch;
  return s;
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
  AttentionShape wide = shape_of(1, 2, 1, 100, 150, 256, 256, true);
  wide.rows = 64;
  expect_attention<half>(wide, 2);
}
TEST(NpuFlashAttention, WorksInBfloat16) {
  expect_attention<bfloat16_t>(shape_of(1, 2, 1, 200, 300, 128, 128, true), 4);
}
TEST(NpuFlashAttention, WorksInFp8OnThe950) {
  expect_attention<fp8_e4m3fn_t, true>(shape_of(1, 2, 1, 130, 300, 128, 128, true), 4);
  expect_attention<fp8_e4m3fn_t, true>(decode_of(shape_of(2, 8, 2, 1, 500, 64, 64, true), 16, 256, 2), 4);
}
TEST(NpuFlashAttention, SeesOnlyTheKeysOfItsWindow) {
  expect_attention<half>(window_of(shape_of(1, 2, 1, 300, 300, 64, 64, true), 100), 3);
  expect_attention<half>(window_of(shape_of(1, 1, 1, 128, 400, 64, 64, true), 1), 2);
  expect_attention<half>(split_of(window_of(shape_of(1, 1, 1, 200, 700, 64, 64, true), 333), 3), 4);
}
TEST(NpuFlashAttention, AddsUpThePartsOfSplitKeys) {
  expect_attention<half>(split_of(shape_of(1, 2, 1, 100, 900, 128, 128, false), 4), 5);
  expect_attention<half>(split_of(shape_of(2, 1, 1, 130, 300, 64, 48, true), 3), 4);
  expect_attention<half>(split_of(shape_of(1, 1, 1, 5, 70, 32, 16, true), 2), 2);  // a part without keys
}
TEST(NpuFlashAttention, BeginsAnItemWhileThoseBeforeItAreStillUnderWay) {
  expect_attention<half>(shape_of(1, 7, 7, 100, 60, 64, 64, false), 1);               // items of one tile
  expect_attention<half>(shape_of(1, 3, 1, 400, 400, 64, 64, true), 2);               // of one to four
  expect_attention<half>(split_of(shape_of(1, 3, 1, 300, 340, 64, 64, true), 3), 1);  // some of none
  expect_attention<half>(latent_of(5, 16, 1, 120, 96, 64, 1), 1);
  expect_attention<half, true>(shape_of(1, 7, 7, 100, 60, 64, 64, false), 1);
  expect_attention<half, true>(split_of(shape_of(1, 3, 1, 300, 340, 64, 64, true), 3), 1);
  expect_attention<half, true>(latent_of(5, 16, 1, 120, 96, 64, 1), 1);
  AttentionShape apart = shape_of(1, 5, 5, 200, 300, 64, 64, true);
  apart.apart = true;
  expect_attention<half>(apart, 2);
  expect_attention<half, true>(apart, 2);
}
TEST(NpuFlashAttention, DecodesWithTheHeadsOfAGroupAsRows) {
  expect_attention<half>(decode_of(shape_of(3, 8, 2, 1, 500, 128, 128, true), 16, 256, 1), 4);
  expect_attention<bfloat16_t>(decode_of(shape_of(2, 12, 4, 1, 1000, 128, 128, true), 16, 256, 3), 6);
  expect_attention<half>(decode_of(shape_of(2, 1, 1, 1, 77, 64, 64, true), 16, 64, 1), 2);
  expect_attention<half>(decode_of(shape_of(1, 40, 1, 1, 300, 64, 64, true), 48, 128, 2), 3);
}
TEST(NpuFlashAttention, DecodesSeveralTokensAtOnce) {  // each sees one key more than the one before
  expect_attention<half>(decode_of(shape_of(2, 6, 2, 3, 300, 64, 64, true), 16, 128, 1), 4);
  expect_attention<half>(decode_of(shape_of(1, 14, 2, 5, 260, 64, 64, true), 16, 128, 2), 4);
}
TEST(NpuFlashAttention, DecodesLatentKeysWhoseFirstPartIsTheValues) {
  expect_attention<half>(latent_of(2, 16, 1, 300, 576, 512, 1), 2);
  expect_attention<bfloat16_t>(latent_of(1, 100, 1, 200, 576, 512, 2), 3);
  expect_attention<half>(latent_of(1, 8, 2, 150, 96, 64, 1), 1);
}
TEST(NpuFlashAttention, OnThe950ResultsGoFromCoreToCore) {
  expect_attention<half, true>(shape_of(1, 2, 2, 256, 384, 128, 128, false), 3);
  expect_attention<half, true>(shape_of(2, 4, 1, 131, 200, 64, 64, true), 2);
  expect_attention<bfloat16_t, true>(shape_of(1, 2, 1, 200, 300, 192, 128, true), 4);
  expect_attention<half, true>(shape_of(1, 1, 1, 1, 1000, 128, 128, true), 1);
  expect_attention<half, true>(decode_of(shape_of(2, 12, 4, 1, 1000, 128, 128, true), 16, 256, 3), 6);
  expect_attention<half, true>(latent_of(2, 16, 1, 300, 576, 512, 2), 2);
}

}  // namespace
}  // namespace etalon::kernels::npu
