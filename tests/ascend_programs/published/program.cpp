// SPDX-License-Identifier: Apache-2.0
// Programs of published tuning guides, step by step, by Étalon's own kernels: what `etalon profile` says of
// them stands beside what was measured (check.py).
//   program read m n tile_m tile_n cores passes slices l1|ub
//   program add elements copy_elements cores buffers past_l2 gap
//     gap: bytes left free in UB between the two inputs; negative: the scalar unit adds, element by element
//   program matmul m n k base_m base_n base_k single_m single_n cores steps_a steps_b buffers unit_flag
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>

#include "acl/acl.h"
#include "kernels/npu/matmul.h"
#include "kernels/npu/probes.h"

using etalon::kernels::npu::MatmulTiling;
using etalon::kernels::npu::ReadTiles;
using etalon::kernels::npu::ReadTiling;

extern "C" __global__ __vector__ void read_to_ub(GM_ADDR x, ReadTiling tiling) {
  ReadTiles<half> op;
  op.Init(x, tiling);
  op.Process();
}
extern "C" __global__ __cube__ void read_to_l1(GM_ADDR x, ReadTiling tiling) {
  ReadTiles<half> op;
  op.Init(x, tiling);
  op.Process();
}
extern "C" __global__ __cube__ void product(GM_ADDR a, GM_ADDR b, GM_ADDR c, MatmulTiling tiling) {
  etalon::kernels::npu::Matmul<half, half> op;
  op.Init(a, b, c, nullptr, tiling);
  op.Process();
}

struct AddTiling {
  int64_t elements = 0;
  int32_t copy = 0, buffers = 1, past_l2 = 0, gap = 0;
};
__aicore__ inline void add_by_scalar_unit(const AscendC::LocalTensor<half>& c,
                                          const AscendC::LocalTensor<half>& a,
                                          const AscendC::LocalTensor<half>& b, int32_t n) {
  using namespace AscendC;
  PipeBarrier<PIPE_ALL>();
  for (int32_t i = 0; i < n; ++i)
    c.SetValue(i, static_cast<half>(float(a.GetValue(i)) + float(b.GetValue(i))));
  PipeBarrier<PIPE_ALL>();
}
extern "C" __global__ __vector__ void add(GM_ADDR x, GM_ADDR y, GM_ADDR z, AddTiling t) {
  using namespace AscendC;
  TPipe pipe;
  TQue<TPosition::VECIN, 1> in_x, in_y;
  TQue<TPosition::VECOUT, 1> out;
  pipe.InitBuffer(in_x, t.buffers, t.copy * sizeof(half));
  TBuf<TPosition::VECCALC> gap;
  if (t.gap > 0) pipe.InitBuffer(gap, static_cast<uint32_t>(t.gap));
  pipe.InitBuffer(in_y, t.buffers, t.copy * sizeof(half));
  pipe.InitBuffer(out, t.buffers, t.copy * sizeof(half));
  const int64_t copies = (t.elements + t.copy - 1) / t.copy,
                each = (copies + GetBlockNum() - 1) / GetBlockNum();
  GlobalTensor<half> gx, gy, gz;
  gx.SetGlobalBuffer((__gm__ half*)x);
  gy.SetGlobalBuffer((__gm__ half*)y);
  gz.SetGlobalBuffer((__gm__ half*)z);
  if (t.past_l2 != 0) {
    gx.SetL2CacheHint(CacheMode::CACHE_MODE_DISABLE);
    gy.SetL2CacheHint(CacheMode::CACHE_MODE_DISABLE);
  }
  for (int64_t i = GetBlockIdx() * each; i < (GetBlockIdx() + 1) * each && i < copies; ++i) {
    const int64_t at = i * t.copy;
    const auto n = static_cast<int32_t>(t.elements - at < t.copy ? t.elements - at : t.copy);
    LocalTensor<half> a = in_x.AllocTensor<half>(), b = in_y.AllocTensor<half>();
    DataCopy(a, gx[at], n);
    in_x.EnQue(a);
    DataCopy(b, gy[at], n);
    in_y.EnQue(b);
    a = in_x.DeQue<half>();
    b = in_y.DeQue<half>();
    LocalTensor<half> c = out.AllocTensor<half>();
    if (t.gap < 0)
      add_by_scalar_unit(c, a, b, n);
    else
      Add(c, a, b, n);
    out.EnQue(c);
    in_x.FreeTensor(a);
    in_y.FreeTensor(b);
    c = out.DeQue<half>();
    DataCopy(gz[at], c, n);
    out.FreeTensor(c);
  }
}

int main(int count, char** words) {
  const auto number = [&](int i) { return i < count ? std::atoll(words[i]) : 0; };
  const char* what = count > 1 ? words[1] : "";
  aclInit(nullptr);
  aclrtSetDevice(0);
  aclrtStream stream = nullptr;
  aclrtCreateStream(&stream);
  const auto memory = [](int64_t elements) {
    void* p = nullptr;
    aclrtMalloc(&p, static_cast<size_t>(elements) * 2, ACL_MEM_MALLOC_HUGE_FIRST);
    return static_cast<GM_ADDR>(p);
  };
  if (std::strcmp(what, "read") == 0 && count == 10) {
    ReadTiling t;
    t.rows = number(2), t.columns = number(3);
    t.tile_rows = static_cast<int32_t>(number(4)), t.tile_columns = static_cast<int32_t>(number(5));
    t.passes = static_cast<int32_t>(number(7)), t.slices = static_cast<int32_t>(number(8));
    t.to_l1 = t.fractals = std::strcmp(words[9], "l1") == 0;
    const auto cores = static_cast<uint32_t>(number(6));
    GM_ADDR x = memory(t.rows * t.columns);
    if (t.to_l1)
      read_to_l1<<<cores, nullptr, stream>>>(x, t);
    else
      read_to_ub<<<cores, nullptr, stream>>>(x, t);
  } else if (std::strcmp(what, "add") == 0 && count == 8) {
    const AddTiling t{number(2), static_cast<int32_t>(number(3)), static_cast<int32_t>(number(5)),
                      static_cast<int32_t>(number(6)), static_cast<int32_t>(number(7))};
    uint8_t *x = memory(t.elements), *y = memory(t.elements), *z = memory(t.elements);
    if (t.gap < 0) {  // the scalar unit's values exist also where only time is asked for
      aclrtMemset(x, static_cast<size_t>(t.elements) * 2, 0, static_cast<size_t>(t.elements) * 2);
      aclrtMemset(y, static_cast<size_t>(t.elements) * 2, 0, static_cast<size_t>(t.elements) * 2);
    }
    add<<<static_cast<uint32_t>(number(4)), nullptr, stream>>>(x, y, z, t);
  } else if (std::strcmp(what, "matmul") == 0 && count == 15) {
    MatmulTiling t;
    t.m = number(2), t.n = number(3), t.k = number(4);
    t.lda = t.k, t.ldb = t.n, t.ldc = t.n;
    t.base_m = static_cast<int32_t>(number(5)), t.base_n = static_cast<int32_t>(number(6));
    t.base_k = static_cast<int32_t>(number(7));
    t.single_m = number(8), t.single_n = number(9);
    t.step_ka = static_cast<int32_t>(number(11)), t.step_kb = static_cast<int32_t>(number(12));
    t.buffers_a = t.buffers_b = static_cast<int32_t>(number(13));
    t.tiles_n_first = number(13) == 1;
    t.unit_flag = number(14) != 0;
    product<<<static_cast<uint32_t>(number(10)), nullptr, stream>>>(memory(t.m * t.k), memory(t.k * t.n),
                                                                    memory(t.m * t.n), t);
  } else {
    std::puts("wrong arguments");
    return 1;
  }
  aclrtSynchronizeStream(stream);
  aclrtResetDevice(0);
  aclFinalize();
  return 0;
}
