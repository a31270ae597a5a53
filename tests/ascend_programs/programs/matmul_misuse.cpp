// SPDX-License-Identifier: Apache-2.0
// Matmul objects used in ways that are not there. usage: matmul_misuse CASE; with WRONG_TYPES it does not
// compile.
#include "matmul_check.h"

using namespace AscendC;

template <class T>
using Type = MatmulType<TPosition::GM, CubeFormat::ND, T>;

template <class T, class O>
__global__ __cube__ void misuse(GM_ADDR p, TCubeTiling tiling, int what) {
  TPipe pipe;
  MatmulImpl<Type<T>, Type<T>, Type<O>> mm;
  GlobalTensor<T> g;
  GlobalTensor<O> c;
  g.SetGlobalBuffer((__gm__ T*)p), c.SetGlobalBuffer((__gm__ O*)p);
  if (what == 0) tiling.baseK = 0;
  if (what == 1) tiling.baseM = 2048;
  mm.Init(&tiling, &pipe);
  mm.SetTensorA(g);
  mm.SetTensorB(g);
  if (what == 2) mm.GetTensorC(c);
  if (what == 3) mm.Iterate(true);
  if (what == 4) mm.template Iterate<false>();
  if (what == 5) mm.SetOrgShape(M, 70000, K);
  mm.IterateAll(c);
}

#ifdef WRONG_TYPES
__global__ __cube__ void wrong_types() {
  MatmulImpl<Type<half>, Type<int8_t>, Type<float>> mixed;
  MatmulImpl<Type<half>, Type<half>, MatmulType<TPosition::GM, CubeFormat::ZZ, float>> format;
  TPipe pipe;
  mixed.Init(nullptr, &pipe);
  format.Init(nullptr, &pipe);
}
#endif

int main(int, char** argv) {
  const aclrtStream stream = start();
  auto api = plan(matmul_tiling::DataType::DT_FLOAT16);
  api.SetFixSplit(32, 32, 32);
  TCubeTiling tiling;
  if (api.GetTiling(tiling) != 0) return 1;
  uint8_t* p = to_device(std::vector<float>(128 * 128));
  const int what = std::atoi(argv[1]);
  if (what < 6)
    misuse<half, float><<<1, nullptr, stream>>>(p, tiling, what);
  else
    misuse<int8_t, half><<<1, nullptr, stream>>>(p, tiling, what);
  return finish(aclrtSynchronizeStream(stream) == ACL_SUCCESS);
}
