// SPDX-License-Identifier: Apache-2.0
// The words that are not C++, the macros that tell chips and core types apart, tiling read in every way, the compiler's own
// functions on raw addresses.
// COVERS("__global__", "__aicore__", "__gm__", "GM_ADDR", "__mix__", "__vector__", "__ubuf__", "__cbuf__",
//        "__ca__", "__cb__", "__cc__", "__fbuf__", "__inline__", "__forceinline__", "__force_inline__", "__BLOCK_LOCAL__",
//        "__CCE_AICORE__", "__NPU_ARCH__", "__CCE_KT_TEST__", "ASCENDC_CPU_DEBUG", "__DAV_C220_CUBE__", "__DAV_C220_VEC__",
//        "__DAV_CUBE__", "__DAV_VEC__", "AIC", "AIV", "TILING_KEY_IS", "GET_TILING_DATA_WITH_STRUCT",
//        "GET_TILING_DATA_MEMBER", "GET_TILING_DATA_PTR_WITH_STRUCT", "REGISTER_TILING_DEFAULT",
//        "REGISTER_TILING_FOR_TILINGKEY", "KERNEL_TASK_TYPE_DEFAULT", "KERNEL_TASK_TYPE", "set_flag", "wait_flag",
//        "pipe_barrier", "copy_gm_to_ubuf", "copy_ubuf_to_gm", "copy_gm_to_ubuf_align_b8", "copy_gm_to_ubuf_align_b16",
//        "copy_gm_to_ubuf_align_b32", "copy_ubuf_to_gm_align_b8", "copy_ubuf_to_gm_align_b16", "copy_ubuf_to_gm_align_b32",
//        "copy_ubuf_to_ubuf", "set_mov_pad_val", "set_vector_mask", "set_mask_norm", "set_mask_count", "vadd", "vsub", "vmul",
//        "vdiv", "vmax", "vmin", "vor", "vmla", "vexp", "vadds", "vmuls", "vaxpy", "vector_dup", "vconv_f162f32",
//        "vconv_f322f16", "vconv_f322f16r", "vconv_f322s32r", "vconv_f322s32f", "vconv_s322f32", "vconv_bf162f32",
//        "vconv_f322bf16r", "vconv_f162s32r", "vconv_f322s16r", "vconv_s162f16", "vconv_s162f32", "vcadd", "vcmax", "vcmin",
//        "vbrcb", "get_imm", "set_atomic_none", "set_atomic_add", "set_atomic_f32")
#include <cmath>

#include "device_memory.h"
#include "kernel_operator.h"
#include "tikicpulib.h"

struct Numbers {
  int32_t count;
  float factor;
};
REGISTER_TILING_DEFAULT(Numbers);
REGISTER_TILING_FOR_TILINGKEY("TILING_KEY_VAR == 7", Numbers);

__aicore__ inline __attribute__((always_inline)) int twice(int x) { return 2 * x; }
__forceinline__ __aicore__ int thrice(int x) { return 3 * x; }
__force_inline__ __aicore__ int four_times(int x) { return 4 * x; }
__inline__ __aicore__ int five_times(int x) { return 5 * x; }
__BLOCK_LOCAL__ int counted;
__BLOCK_LOCAL__ int begun = 1;

// Each core counts for itself, however often others run in between.
__global__ __vector__ void counts(GM_ADDR out) {
  using namespace AscendC;
  for (int i = 0; i < 3; ++i) {
    counted += begun;
    SyncAll();
  }
  counted += static_cast<int>(GetBlockIdx());
  SyncAll();
  GlobalTensor<int32_t> g;
  g.SetGlobalBuffer((__gm__ int32_t*)out);
  g.SetValue(GetBlockIdx(), counted);
}

__global__ __mix__(1, 2) void told(GM_ADDR out) {
  using namespace AscendC;
  GlobalTensor<int32_t> g;
#ifdef __DAV_C220_CUBE__
  constexpr int me = AIC;
  g.SetGlobalBuffer((__gm__ int32_t*)out + GetBlockIdx() * 8);
#elif defined(__DAV_C220_VEC__)
  constexpr int me = AIV;
  g.SetGlobalBuffer((__gm__ int32_t*)out + 16 + GetBlockIdx() * 8);
#else
  constexpr int me = MIX;
#endif
#if (defined(__DAV_CUBE__) && defined(__DAV_VEC__)) || defined(__CCE_KT_TEST__) || defined(ASCENDC_CPU_DEBUG)
#error a core is of one type, and this is no test mode of the host's compiler
#endif
  g.SetValue(0, me);
  g.SetValue(1, __CCE_AICORE__);
  g.SetValue(2, __NPU_ARCH__);
  g.SetValue(3, twice(thrice(four_times(five_times(1)))));
}

__global__ __aicore__ void tilings(GM_ADDR out, GM_ADDR tiling_data) {
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_AIV_ONLY);
  KERNEL_TASK_TYPE(7, KERNEL_TYPE_AIV_ONLY);
  GET_TILING_DATA_WITH_STRUCT(Numbers, all, tiling_data);
  GET_TILING_DATA_MEMBER(Numbers, factor, factor, tiling_data);
  GET_TILING_DATA_PTR_WITH_STRUCT(Numbers, pointer, tiling_data);
  AscendC::GlobalTensor<float> g;
  g.SetGlobalBuffer((__gm__ float*)out);
  g.SetValue(0, static_cast<float>(all.count));
  g.SetValue(1, factor);
  g.SetValue(2, pointer->factor * 2);
  g.SetValue(3, TILING_KEY_IS(7) ? 7.0f : TILING_KEY_IS(8) ? 8.0f : 0.0f);
}

constexpr int N = 128;  // floats: two repeats
__aicore__ inline __ubuf__ float* at(int tile) { return (__ubuf__ float*)get_imm(0) + tile * N; }

// Tiles of N floats: 0 and 1 come in, the others are results.
__global__ __vector__ void raw(GM_ADDR in, GM_ADDR out) {
  static_assert(sizeof(__cbuf__ half*) == 8 && sizeof(__ca__ half*) == 8 && sizeof(__cb__ half*) == 8 &&
                sizeof(__cc__ float*) == 8 && sizeof(__fbuf__ uint64_t*) == 8, "addresses of the other memories");
  copy_gm_to_ubuf(at(0), in, 0, 2, N * 4 / 32, 0, 0);
  set_flag(PIPE_MTE2, PIPE_V, EVENT_ID0);
  wait_flag(PIPE_MTE2, PIPE_V, EVENT_ID0);
  set_mask_norm();
  set_vector_mask(0, ~0ull);
  vadd(at(2), at(0), at(1), 2, 1, 1, 1, 8, 8, 8);
  vsub(at(3), at(0), at(1), 2, 1, 1, 1, 8, 8, 8);
  vmul(at(4), at(0), at(1), 2, 1, 1, 1, 8, 8, 8);
  vdiv(at(5), at(0), at(1), 2, 1, 1, 1, 8, 8, 8);
  vmax(at(6), at(0), at(1), 2, 1, 1, 1, 8, 8, 8);
  vmin(at(7), at(0), at(1), 2, 1, 1, 1, 8, 8, 8);
  vexp(at(8), at(0), 2, 1, 1, 8, 8);
  vadds(at(9), at(0), 2.0f, 2, 1, 1, 8, 8);
  vmuls(at(10), at(0), 2.0f, 2, 1, 1, 8, 8);
  vector_dup(at(11), 5.0f, 2, 1, 1, 8, 8);
  pipe_barrier(PIPE_V);
  vaxpy(at(11), at(0), 2.0f, 2, 1, 1, 8, 8);
  vector_dup(at(12), 1.0f, 2, 1, 1, 8, 8);
  pipe_barrier(PIPE_V);
  vmla(at(12), at(0), at(1), 2, 1, 1, 1, 8, 8, 8);
  // There and back through the other types.
  const auto turn = [](int tile) { return at(40 + tile); };
  vconv_f322f16r((__ubuf__ half*)turn(0), at(0), 2, 1, 1, 4, 8);
  vconv_f322f16((__ubuf__ half*)turn(1), at(1), 2, 1, 1, 4, 8);
  vconv_f322bf16r((__ubuf__ bfloat16_t*)turn(2), at(0), 2, 1, 1, 4, 8);
  vconv_f322s32r((__ubuf__ int32_t*)turn(3), at(0), 2, 1, 1, 8, 8);
  vconv_f322s32f((__ubuf__ int32_t*)turn(4), at(0), 2, 1, 1, 8, 8);
  vconv_f322s16r((__ubuf__ int16_t*)turn(5), at(0), 2, 1, 1, 4, 8);
  pipe_barrier(PIPE_V);
  vconv_f162s32r((__ubuf__ int32_t*)turn(6), (__ubuf__ half*)turn(0), 2, 1, 1, 8, 4);
  vconv_s162f16((__ubuf__ half*)turn(7), (__ubuf__ int16_t*)turn(5), 1, 1, 1, 8, 8);
  vconv_f162f32(at(13), (__ubuf__ half*)turn(0), 2, 1, 1, 8, 4);
  vconv_f162f32(at(14), (__ubuf__ half*)turn(1), 2, 1, 1, 8, 4);
  vconv_bf162f32(at(15), (__ubuf__ bfloat16_t*)turn(2), 2, 1, 1, 8, 4);
  vconv_s322f32(at(16), (__ubuf__ int32_t*)turn(3), 2, 1, 1, 8, 8);
  vconv_s322f32(at(17), (__ubuf__ int32_t*)turn(4), 2, 1, 1, 8, 8);
  vconv_s162f32(at(18), (__ubuf__ int16_t*)turn(5), 2, 1, 1, 8, 4);
  pipe_barrier(PIPE_V);
  vconv_s322f32(at(19), (__ubuf__ int32_t*)turn(6), 2, 1, 1, 8, 8);
  vector_dup(at(20), 0.0f, 2, 1, 1, 8, 8);
  vector_dup(at(21), 0.0f, 2, 1, 1, 8, 8);
  vector_dup(at(22), 0.0f, 2, 1, 1, 8, 8);
  pipe_barrier(PIPE_V);
  vcadd(at(20), at(0), 2, 1, 1, 8, 0);
  vcmax(at(21), at(0), 2, 1, 1, 8, ONLY_VALUE);
  vcmin(at(22), at(0), 2, 1, 1, 8, ONLY_VALUE);
  vbrcb(at(23), at(0), 1, 8, 2);
  vector_dup(at(24), 0.0f, 2, 1, 1, 8, 8);
  pipe_barrier(PIPE_V);
  set_mask_count();
  set_vector_mask(0, 10);
  vector_dup(at(24), 1.0f, 1, 1, 1, 8, 8);
  set_mask_norm();
  set_vector_mask(0, ~0ull << 10);
  vector_dup(at(24), 2.0f, 1, 1, 1, 8, 8);
  set_vector_mask(~0ull, ~0ull);
  vor((__ubuf__ int16_t*)at(25), (__ubuf__ int16_t*)at(0), (__ubuf__ int16_t*)at(1), 2, 1, 1, 1, 8, 8, 8);
  copy_ubuf_to_ubuf(at(26), at(0), 0, 1, N * 4 / 32, 0, 0);
  set_flag(PIPE_V, PIPE_MTE3, EVENT_ID1);
  wait_flag(PIPE_V, PIPE_MTE3, EVENT_ID1);
  copy_ubuf_to_gm(out, at(0), 0, 1, 27 * N * 4 / 32, 0, 0);
  set_atomic_f32();
  set_atomic_add();
  copy_ubuf_to_gm(out, at(0), 0, 1, N * 4 / 32, 0, 0);  // tile 0 twice
  set_atomic_none();
  pipe_barrier(PIPE_ALL);
  // 3 rows of 20 bytes, 12 apart, padded at the front; the middle 5 elements go out again.
  GM_ADDR rows = out + 27 * N * 4;
  set_mov_pad_val(0x40000000);  // 2.0f
  copy_gm_to_ubuf_align_b32(at(30), in, 0, 3, 20, 1, 0, 12, 0);
  copy_gm_to_ubuf_align_b16(at(31), in, 0, 1, 20, 0, 0, 0, 0);
  copy_gm_to_ubuf_align_b8(at(32), in, 0, 1, 5, 0, 0, 0, 0);
  set_flag(PIPE_MTE2, PIPE_MTE3, EVENT_ID2);
  wait_flag(PIPE_MTE2, PIPE_MTE3, EVENT_ID2);
  copy_ubuf_to_gm_align_b32(rows, at(30), 0, 3, 24, 0, 0, 0, 8);
  copy_ubuf_to_gm_align_b16(rows + 128, at(31), 0, 1, 18, 0, 0, 0, 0);
  copy_ubuf_to_gm_align_b8(rows + 192, at(32), 0, 1, 5, 0, 0, 0, 0);
}

bool right = true;
void expect(const char* what, int i, double got, double want, double allowed) {
  if (std::fabs(got - want) <= allowed * (1 + std::fabs(want))) return;
  std::printf("%s, element %d: %g, expected %g\n", what, i, got, want);
  right = false;
}

int main() {
  const aclrtStream stream = start();
  uint8_t* out = to_device(std::vector<int32_t>(64));
  told<<<2, nullptr, stream>>>(out);
  MUST(aclrtSynchronizeStream(stream));
  const std::vector<int32_t> seen = from_device<int32_t>(out, 48);
  for (int i = 0; i < 6; ++i) {
    expect("core type", i, seen[i * 8], i < 2 ? AscendC::AIC : AscendC::AIV, 0);
    expect("__CCE_AICORE__", i, seen[i * 8 + 1], 220, 0);
    expect("__NPU_ARCH__", i, seen[i * 8 + 2], 2201, 0);
    expect("functions", i, seen[i * 8 + 3], 120, 0);
  }
  counts<<<4, nullptr, stream>>>(out);
  MUST(aclrtSynchronizeStream(stream));
  for (int i = 0; i < 4; ++i) expect("__BLOCK_LOCAL__", i, from_device<int32_t>(out, 4)[i], 3 + i, 0);
  uint8_t* tiling = to_device(std::vector<Numbers>{{42, 0.5f}});
  for (const int key : {7, 8}) {
    ICPU_SET_TILING_KEY(key);
    tilings<<<1, nullptr, stream>>>(out, tiling);
    MUST(aclrtSynchronizeStream(stream));
    const std::vector<float> t = from_device<float>(out, 4);
    expect("tiling", 0, t[0], 42, 0);
    expect("tiling", 1, t[1], 0.5, 0);
    expect("tiling", 2, t[2], 1, 0);
    expect("tiling key", 3, t[3], key, 0);
  }

  std::vector<float> x(2 * N);
  for (int i = 0; i < 2 * N; ++i) x[i] = static_cast<float>((i * 37 % 101) / 16.0 - 3.1);
  for (int i = N; i < 2 * N; ++i) x[i] = x[i] < 0.25f ? 0.25f - x[i] : x[i];
  uint8_t *in = to_device(x), *result = to_device(std::vector<float>(27 * N + 64));
  raw<<<1, nullptr, stream>>>(in, result);
  MUST(aclrtSynchronizeStream(stream));
  const std::vector<float> z = from_device<float>(result, 27 * N + 64);
  for (int i = 0; i < N; ++i) {
    const double a = x[i], b = x[N + i];
    const auto tile = [&](int t) { return z[t * N + i]; };
    const double wanted[] = {2 * a, b, a + b, a - b, a * b, a / b, std::fmax(a, b), std::fmin(a, b), std::exp(a), a + 2, 2 * a,
                             5 + 2 * a, 1 + a * b};
    for (int t = 0; t < 13; ++t) expect("tile", t * 1000 + i, tile(t), wanted[t], 1e-6);
    expect("half", i, tile(13), a, 1e-3);
    expect("half", i, tile(14), b, 1e-3);
    expect("bfloat16", i, tile(15), a, 8e-3);
    expect("nearest", i, tile(16), std::nearbyint(a), 0);
    expect("floor", i, tile(17), std::floor(a), 0);
    expect("int16", i, tile(18), std::nearbyint(a), 0);
    expect("half to int32", i, tile(19), std::nearbyint(static_cast<double>(tile(13))), 0);
    expect("vbrcb", i, tile(23), x[i / 8], 0);
    if (i < 64) expect("masks", i, tile(24), i < 10 ? 1 : 2, 0);
    uint32_t bits_a, bits_b, bits;
    memcpy(&bits_a, &x[i], 4), memcpy(&bits_b, &x[N + i], 4), memcpy(&bits, &z[25 * N + i], 4);
    expect("vor", i, bits, bits_a | bits_b, 0);
    expect("copy", i, tile(26), a, 0);
  }
  for (int r = 0; r < 2; ++r) {
    double sum = 0, most = -1e9, least = 1e9;
    for (int i = 0; i < 64; ++i) {
      const double v = x[r * 64 + i];
      sum += v, most = std::fmax(most, v), least = std::fmin(least, v);
    }
    expect("vcadd", r, z[20 * N + r], sum, 1e-5);
    expect("vcmax", r, z[21 * N + r], most, 0);
    expect("vcmin", r, z[22 * N + r], least, 0);
  }
  for (int r = 0; r < 3; ++r) {
    for (int i = 0; i < 6; ++i) expect("rows", r * 10 + i, z[27 * N + r * 8 + i], i == 0 ? 2.0 : x[r * 8 + i - 1], 0);
  }
  const auto* out_bytes = reinterpret_cast<const uint8_t*>(&z[27 * N]);
  const auto* in_bytes = reinterpret_cast<const uint8_t*>(x.data());
  for (int i = 0; i < 20; ++i) expect("bytes of 16-bit elements", i, out_bytes[128 + i], i < 18 ? in_bytes[i] : 0, 0);
  for (int i = 0; i < 8; ++i) expect("bytes", i, out_bytes[192 + i], i < 5 ? in_bytes[i] : 0, 0);
  return finish(right);
}
