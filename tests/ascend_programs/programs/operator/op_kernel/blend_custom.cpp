// SPDX-License-Identifier: Apache-2.0
// The kernel of an operator package: z = x + weight y. Its tiling struct and its types come from op_host.
#include "kernel_operator.h"

#if ORIG_DTYPE_X != DT_FLOAT && ORIG_DTYPE_X != DT_FLOAT16
#error "types of the operator are not known"
#endif

class Blend {
 public:
  // A build without assertions has nothing where ASSERT stands.
  __aicore__ inline void Init(const BlendTilingData* tiling) {
    this->count = tiling->part.count ASSERT(tiling->part.count != 0 && "nothing to do");
    weight = static_cast<DTYPE_Y>(tiling->weight);
  }
  __aicore__ inline void Process(GM_ADDR x, GM_ADDR y, GM_ADDR z) {
    const uint32_t at = AscendC::GetBlockIdx() * count;
    AscendC::GlobalTensor<DTYPE_X> xs;
    AscendC::GlobalTensor<DTYPE_Y> ys;
    AscendC::GlobalTensor<DTYPE_Z> zs;
    xs.SetGlobalBuffer((__gm__ DTYPE_X*)x + at, count);
    ys.SetGlobalBuffer((__gm__ DTYPE_Y*)y + at, count);
    zs.SetGlobalBuffer((__gm__ DTYPE_Z*)z + at, count);
    pipe.InitBuffer(in, 2, count * sizeof(DTYPE_X));
    pipe.InitBuffer(out, 1, count * sizeof(DTYPE_Z));
    AscendC::LocalTensor<DTYPE_X> a = in.AllocTensor<DTYPE_X>();
    AscendC::LocalTensor<DTYPE_Y> b = in.AllocTensor<DTYPE_Y>();
    AscendC::DataCopy(a, xs, count);
    AscendC::DataCopy(b, ys, count);
    in.EnQue(a);
    in.EnQue(b);
    a = in.DeQue<DTYPE_X>();
    b = in.DeQue<DTYPE_Y>();
    AscendC::LocalTensor<DTYPE_Z> c = out.AllocTensor<DTYPE_Z>();
    AscendC::Muls(c, b, weight, count);
    AscendC::PipeBarrier<PIPE_V>();
    AscendC::Add(c, c, a, count);
    in.FreeTensor(a);
    in.FreeTensor(b);
    out.EnQue(c);
    c = out.DeQue<DTYPE_Z>();
    AscendC::DataCopy(zs, c, count);
    out.FreeTensor(c);
  }

 private:
  AscendC::TPipe pipe;
  AscendC::TQue<AscendC::QuePosition::VECIN, 2> in;
  AscendC::TQue<AscendC::QuePosition::VECOUT, 1> out;
  uint32_t count = 0;
  DTYPE_Y weight = 0;
};

extern "C" __global__ __aicore__ void blend_custom(GM_ADDR x, GM_ADDR y, GM_ADDR z, GM_ADDR workspace, GM_ADDR tiling) {
  GET_TILING_DATA(tilingData, tiling);
  Blend op;
  op.Init(&tilingData);
  if (TILING_KEY_IS(0)) op.Process(x, y, z);
}
