// SPDX-License-Identifier: Apache-2.0
// Matmul objects on a cube core: every type of operand, stored either way, in rows and in fractals; sums as
// they are, as 16 bits, as 8 bits by one scale or one per column; biases; results in fractals; a single row;
// parts of K. COVERS("SetQuantScalar", "SetQuantVector", "VECTOR", "CubeFormat", "MatmulType", "SetHF32",
// "SetBias", "ND_ALIGN",
//        "DT_INT8", "DT_INT4", "DT_FLOAT", "DT_BF16", "SetDequantType", "DequantType", "TENSOR", "SCALAR",
//        "CFG_MDL")
#include "matmul_check.h"

using namespace AscendC;

template <class T>
using BiasOf = std::conditional_t<sizeof(T) == 1, int32_t, float>;
struct Ways {
  int bias, quantise, hf32;
  uint64_t scale;
};

// One cube core; K in two halves, the second added to the first, if C is float.
template <class T, class O, bool ta, bool tb, CubeFormat fa = CubeFormat::ND, CubeFormat fb = CubeFormat::ND,
          CubeFormat fc = CubeFormat::ND, class BiasT = BiasOf<T>>
__global__ __cube__ void one(GM_ADDR a, GM_ADDR b, GM_ADDR bias, GM_ADDR scales, GM_ADDR c,
                             TCubeTiling tiling, Ways ways) {
  TPipe pipe;
  MatmulImpl<MatmulType<TPosition::GM, fa, T, ta>, MatmulType<TPosition::GM, fb, T, tb>,
             MatmulType<TPosition::GM, fc, O>, MatmulType<TPosition::GM, CubeFormat::ND, BiasT>, CFG_MDL>
      mm;
  mm.Init(&tiling, &pipe);
  GlobalTensor<T> ga, gb;
  GlobalTensor<O> gc;
  GlobalTensor<BiasT> gbias;
  GlobalTensor<uint64_t> gs;
  ga.SetGlobalBuffer((__gm__ T*)a), gb.SetGlobalBuffer((__gm__ T*)b), gc.SetGlobalBuffer((__gm__ O*)c);
  gbias.SetGlobalBuffer((__gm__ BiasT*)bias), gs.SetGlobalBuffer((__gm__ uint64_t*)scales);
  mm.SetHF32(ways.hf32 != 0);
  mm.SetTensorA(ga, ta);
  mm.SetTensorB(gb, tb);
  if (ways.bias != 0) mm.SetBias(gbias);
  if (ways.quantise == 1) mm.SetQuantScalar(ways.scale);
  if (ways.quantise == 2) mm.SetQuantVector(gs);
  mm.IterateAll(gc);
  mm.End();
}

// Four bits each, two to a byte, K inside.
__global__ __cube__ void nibbles(GM_ADDR a, GM_ADDR b, GM_ADDR c, TCubeTiling tiling) {
  TPipe pipe;
  MatmulImpl<MatmulType<TPosition::GM, CubeFormat::ND, int4b_t>,
             MatmulType<TPosition::GM, CubeFormat::ND, int4b_t, true>,
             MatmulType<TPosition::GM, CubeFormat::ND, int32_t>>
      mm;
  mm.Init(&tiling, &pipe);
  GlobalTensor<int4b_t> ga, gb;
  GlobalTensor<int32_t> gc;
  ga.SetGlobalBuffer((__gm__ int4b_t*)a), gb.SetGlobalBuffer((__gm__ int4b_t*)b),
      gc.SetGlobalBuffer((__gm__ int32_t*)c);
  mm.SetTensorA(ga);
  mm.SetTensorB(gb, true);
  mm.IterateAll(gc);
}

float scale_of(int n) { return 0.0625f * static_cast<float>(1 + n % 3); }
uint64_t bits(float f) {
  uint32_t u;
  __builtin_memcpy(&u, &f, 4);
  return u;
}

bool right = true;
aclrtStream stream;
uint8_t *dscales, *dc;

template <class T, class O, bool ta = false, bool tb = false, CubeFormat fa = CubeFormat::ND,
          CubeFormat fb = CubeFormat::ND, CubeFormat fc = CubeFormat::ND, class BiasT = BiasOf<T>>
void check(const char* what, matmul_tiling::DataType type, const std::function<double(int, int)>& wanted,
           double tolerance, Ways ways = {}, int rows = M) {
  uint8_t* da = to_device(stored<T>(rows, K, ta, fa == CubeFormat::NZ, value_a));
  uint8_t* db = to_device(stored<T>(K, N, tb, fb == CubeFormat::NZ, value_b));
  std::vector<BiasT> bias(N);
  for (int n = 0; n < N; ++n) bias[n] = static_cast<BiasT>(static_cast<float>(value_bias(n)));
  uint8_t* dbias = to_device(bias);
  auto api = plan(type, ta, tb, rows);
  api.SetFixSplit(32, 32, 32);  // parts of every block at both edges
  api.EnableBias(ways.bias != 0);
  api.SetDequantType(ways.quantise == 2 ? matmul_tiling::DequantType::TENSOR
                                        : matmul_tiling::DequantType::SCALAR);
  TCubeTiling tiling;
  CHECK(api.GetTiling(tiling) == 0);
  constexpr int width = sizeof(O) == 1 ? 32 : 16, high = 80;
  const int pitch = fc == CubeFormat::ND_ALIGN ? (N + 7) / 8 * 8 : N;
  one<T, O, ta, tb, fa, fb, fc, BiasT><<<1, nullptr, stream>>>(da, db, dbias, dscales, dc, tiling, ways);
  MUST(aclrtSynchronizeStream(stream));
  std::vector<O> got = from_device<O>(dc, 4 * 80 * 96 / sizeof(O));
  if (fc == CubeFormat::NZ) {
    std::vector<O> flat(M * N);
    for (int m = 0; m < rows; ++m)
      for (int n = 0; n < N; ++n) flat[m * N + n] = got[(n / width * high + m) * width + n % width];
    got = flat;
  }
  if (!close(got, rows, N, pitch, wanted, tolerance)) std::printf("wrong: %s\n", what), right = false;
  for (uint8_t* p : {da, db, dbias}) MUST(aclrtFree(p));
}

int main() {
  using matmul_tiling::DataType;
  stream = start();
  std::vector<uint64_t> scales(N);
  for (int n = 0; n < N; ++n) scales[n] = bits(scale_of(n));
  dscales = to_device(scales);
  dc = to_device(std::vector<float>(80 * 96));
  constexpr CubeFormat ND = CubeFormat::ND, NZ = CubeFormat::NZ;
  const auto exact = [](int m, int n) { return product(m, n); };
  const auto with_bias = [](int m, int n) { return product(m, n) + value_bias(n); };
  const auto clamp = [](double x) { return x > 127 ? 127 : x < -128 ? -128 : __builtin_nearbyint(x); };

  check<float, float>("float", DataType::DT_FLOAT, exact, 0);
  check<float, float, true, false>("float, A turned", DataType::DT_FLOAT, exact, 0);
  check<float, float, false, true>("float, B turned, bias", DataType::DT_FLOAT, with_bias, 0, {1});
  check<float, float, true, true, ND, NZ>("hf32 of small integers, B in fractals", DataType::DT_FLOAT, exact,
                                          0, {0, 0, 1});
  check<bfloat16_t, bfloat16_t, true, true>("bfloat16", DataType::DT_BF16, exact, 1.0 / 256);
  check<half, half, false, false, NZ, NZ, NZ>("half in fractals", DataType::DT_FLOAT16, exact, 1.0 / 2048);
  check<half, float, true, true, NZ, NZ, CubeFormat::ND_ALIGN>("half in fractals, turned",
                                                               DataType::DT_FLOAT16, exact, 0);
  check<half, float, false, true, ND, ND, ND, half>("half, bias of half", DataType::DT_FLOAT16, with_bias, 0,
                                                    {1});
  check<half, float, false, false, CubeFormat::VECTOR>("one row", DataType::DT_FLOAT16, exact, 0, {}, 1);
  check<half, int8_t>("8 bits of half", DataType::DT_FLOAT16,
                      [&](int m, int n) { return clamp(product(m, n) * 0.125); }, 0, {0, 1, 0, bits(0.125f)});
  check<int8_t, int32_t, false, false, ND, ND, ND, int32_t>("int8", DataType::DT_INT8, with_bias, 0, {1});
  check<int8_t, int32_t, true, true>("int8, both turned", DataType::DT_INT8, exact, 0);
  check<int8_t, int32_t, true, false, ND, NZ, NZ>("int8, A turned, in fractals", DataType::DT_INT8, exact, 0);
  check<int8_t, half>("half of int8", DataType::DT_INT8, [](int m, int n) { return product(m, n) * 0.5; },
                      1.0 / 2048, {0, 1, 0, bits(0.5f)});
  check<int8_t, half, false, true>("half of int8, by column", DataType::DT_INT8,
                                   [](int m, int n) { return product(m, n) * scale_of(n); }, 1.0 / 2048,
                                   {0, 2});
  check<int8_t, int8_t, false, true, ND, ND, NZ>(
      "8 bits of int8, by column", DataType::DT_INT8,
      [&](int m, int n) { return clamp(product(m, n) * scale_of(n)); }, 0, {0, 2});

  std::vector<uint8_t> a4(M * K / 2), b4(N * K / 2);
  const auto low = [](int m, int k) { return (m * 3 + k) % 16 - 8; };
  for (int i = 0; i < M * K; ++i) a4[i / 2] |= static_cast<uint8_t>((low(i / K, i % K) & 15) << (i % 2 * 4));
  for (int i = 0; i < N * K; ++i)
    b4[i / 2] |= static_cast<uint8_t>((low(i / K + 5, i % K * 7) & 15) << (i % 2 * 4));
  auto api = plan(DataType::DT_INT4, false, true);
  api.SetFixSplit(32, 32, 64);
  TCubeTiling tiling;
  CHECK(api.GetTiling(tiling) == 0);
  nibbles<<<1, nullptr, stream>>>(to_device(a4), to_device(b4), dc, tiling);
  MUST(aclrtSynchronizeStream(stream));
  CHECK(close(
      from_device<int32_t>(dc, M * N), M, N, N,
      [&](int m, int n) {
        double sum = 0;
        for (int k = 0; k < K; ++k) sum += low(m, k) * low(n + 5, k * 7);
        return sum;
      },
      0));
  return finish(right);
}
