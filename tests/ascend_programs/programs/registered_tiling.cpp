// SPDX-License-Identifier: Apache-2.0
// Tiling declared field by field and registered, read by GET_TILING_DATA; whole tensors added by operators; tiling keys.
// COVERS("GET_TILING_DATA", "BEGIN_TILING_DATA_DEF", "TILING_DATA_FIELD_DEF", "TILING_DATA_FIELD_DEF_ARR",
//        "TILING_DATA_FIELD_DEF_STRUCT", "REGISTER_TILING_DATA_CLASS", "GetUserWorkspace", "GetWithOffset")
#include "device_memory.h"
#include "register/tilingdata_base.h"
#include "tikicpulib.h"
#include "tiling/tiling_api.h"

namespace optiling {
BEGIN_TILING_DATA_DEF(SumTiling)
TILING_DATA_FIELD_DEF(uint32_t, count);
TILING_DATA_FIELD_DEF_ARR(float, 2, factors);
TILING_DATA_FIELD_DEF_STRUCT(TCubeTiling, cube);
END_TILING_DATA_DEF;
REGISTER_TILING_DATA_CLASS(Sum, SumTiling)
}  // namespace optiling

#include "kernel_operator.h"

extern "C" __global__ __aicore__ void sum(GM_ADDR x, GM_ADDR workspace, GM_ADDR tiling_data) {
  GET_TILING_DATA(tiling, tiling_data);
  using namespace AscendC;
  GM_ADDR user = GetUserWorkspace(workspace);
  TPipe pipe;
  TBuf<TPosition::VECCALC> buffer;
  pipe.InitBuffer(buffer, 2 * tiling.count * sizeof(float));
  LocalTensor<float> a = buffer.Get<float>(tiling.count),
                     b = buffer.GetWithOffset<float>(tiling.count, tiling.count * sizeof(float));
  GlobalTensor<float> in, out;
  in.SetGlobalBuffer((__gm__ float*)x, tiling.count);
  out.SetGlobalBuffer((__gm__ float*)user, tiling.count);
  DataCopy(a, in, tiling.count);
  PipeBarrier<PIPE_ALL>();
  if (TILING_KEY_IS(2)) {
    b = a * a;
  } else if (TILING_KEY_IS(1)) {
    b = a + a;
  }
  PipeBarrier<PIPE_V>();
  Muls(b, b, tiling.factors[1] * static_cast<float>(tiling.cube.baseM), tiling.count);
  PipeBarrier<PIPE_ALL>();
  DataCopy(out, b, tiling.count);
}

int main() {
  const aclrtStream stream = start();
  const float factors[2] = {0, 0.5f};
  optiling::SumTiling tiling;
  tiling.set_count(64);
  tiling.set_factors(factors);
  tiling.cube.set_baseM(4);
  std::vector<uint8_t> bytes(tiling.GetDataSize());
  tiling.SaveToBuffer(bytes.data(), bytes.size());
  uint8_t *x = to_device(std::vector<float>(64, 3.0f)), *out = to_device(std::vector<float>(64)), *t = to_device(bytes);
  bool right = true;
  for (const int key : {1, 2}) {
    ICPU_SET_TILING_KEY(key);
    sum<<<1, nullptr, stream>>>(x, out, t);
    MUST(aclrtSynchronizeStream(stream));
    for (const float v : from_device<float>(out, 64)) right = right && v == (key == 1 ? 12.0f : 18.0f);
  }
  return finish(right);
}
