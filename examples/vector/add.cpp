// SPDX-License-Identifier: Apache-2.0
// z = x + y: the first kernel anybody writes, with nothing hidden. All other examples leave the host's part
// to common.h.
//
// Work is cut twice: every core (block) takes a stretch of the vectors, and goes through it in tiles that fit
// into its unified buffer. Queues with two buffers each let the next tile come in while this one is computed
// and the last one leaves; they also carry the flags between the three pipes (MTE2 in, V compute, MTE3 out).
#include <cmath>
#include <cstdio>
#include <vector>

#include "acl/acl.h"
#include "kernel_operator.h"

constexpr uint32_t kBlocks = 8, kTile = 1024, kTiles = 5, kPerBlock = kTile * kTiles,
                   kCount = kBlocks * kPerBlock;

class Add {
 public:
  __aicore__ inline void Init(GM_ADDR x, GM_ADDR y, GM_ADDR z) {
    const uint32_t first = AscendC::GetBlockIdx() * kPerBlock;
    x_.SetGlobalBuffer((__gm__ float *)x + first, kPerBlock);
    y_.SetGlobalBuffer((__gm__ float *)y + first, kPerBlock);
    z_.SetGlobalBuffer((__gm__ float *)z + first, kPerBlock);
    pipe_.InitBuffer(in_x_, 2, kTile * sizeof(float));  // two buffers: double buffering
    pipe_.InitBuffer(in_y_, 2, kTile * sizeof(float));
    pipe_.InitBuffer(out_, 2, kTile * sizeof(float));
  }
  __aicore__ inline void Process() {
    for (uint32_t tile = 0; tile < kTiles; ++tile) {
      CopyIn(tile);
      Compute();
      CopyOut(tile);
    }
  }

 private:
  __aicore__ inline void CopyIn(uint32_t tile) {
    AscendC::LocalTensor<float> x = in_x_.AllocTensor<float>(), y = in_y_.AllocTensor<float>();
    AscendC::DataCopy(x, x_[tile * kTile], kTile);
    AscendC::DataCopy(y, y_[tile * kTile], kTile);
    in_x_.EnQue(x);
    in_y_.EnQue(y);
  }
  __aicore__ inline void Compute() {
    AscendC::LocalTensor<float> x = in_x_.DeQue<float>(), y = in_y_.DeQue<float>(),
                                z = out_.AllocTensor<float>();
    AscendC::Add(z, x, y, kTile);
    out_.EnQue(z);
    in_x_.FreeTensor(x);
    in_y_.FreeTensor(y);
  }
  __aicore__ inline void CopyOut(uint32_t tile) {
    AscendC::LocalTensor<float> z = out_.DeQue<float>();
    AscendC::DataCopy(z_[tile * kTile], z, kTile);
    out_.FreeTensor(z);
  }

  AscendC::TPipe pipe_;
  AscendC::TQue<AscendC::TPosition::VECIN, 2> in_x_, in_y_;
  AscendC::TQue<AscendC::TPosition::VECOUT, 2> out_;
  AscendC::GlobalTensor<float> x_, y_, z_;
};

extern "C" __global__ __vector__ void add(GM_ADDR x, GM_ADDR y, GM_ADDR z) {
  Add op;
  op.Init(x, y, z);
  op.Process();
}

int main() {
  const size_t bytes = kCount * sizeof(float);
  std::vector<float> x(kCount), y(kCount), z(kCount);
  for (uint32_t i = 0; i < kCount; ++i) {
    x[i] = 0.25f * static_cast<float>(i % 1000);
    y[i] = 1.0f / static_cast<float>(i + 1);
  }
  bool right = aclInit(nullptr) == ACL_SUCCESS && aclrtSetDevice(0) == ACL_SUCCESS;
  aclrtStream stream = nullptr;
  void *dx = nullptr, *dy = nullptr, *dz = nullptr;
  right = right && aclrtCreateStream(&stream) == ACL_SUCCESS &&
          aclrtMalloc(&dx, bytes, ACL_MEM_MALLOC_HUGE_FIRST) == ACL_SUCCESS &&
          aclrtMalloc(&dy, bytes, ACL_MEM_MALLOC_HUGE_FIRST) == ACL_SUCCESS &&
          aclrtMalloc(&dz, bytes, ACL_MEM_MALLOC_HUGE_FIRST) == ACL_SUCCESS &&
          aclrtMemcpy(dx, bytes, x.data(), bytes, ACL_MEMCPY_HOST_TO_DEVICE) == ACL_SUCCESS &&
          aclrtMemcpy(dy, bytes, y.data(), bytes, ACL_MEMCPY_HOST_TO_DEVICE) == ACL_SUCCESS;
  if (right) {
    add<<<kBlocks, nullptr, stream>>>((uint8_t *)dx, (uint8_t *)dy, (uint8_t *)dz);
    right = aclrtSynchronizeStream(stream) == ACL_SUCCESS &&
            aclrtMemcpy(z.data(), bytes, dz, bytes, ACL_MEMCPY_DEVICE_TO_HOST) == ACL_SUCCESS;
  }
  double worst = 0;
  for (uint32_t i = 0; i < kCount; ++i)
    worst = std::fmax(worst, std::fabs(z[i] - (double(x[i]) + double(y[i]))));
  right = right && worst < 1e-4;
  aclrtFree(dx);
  aclrtFree(dy);
  aclrtFree(dz);
  aclrtDestroyStream(stream);
  aclrtResetDevice(0);
  aclFinalize();
  std::printf("vector/add: %u values %s, largest error %.2g\n", kCount, right ? "right" : "WRONG", worst);
  return right ? 0 : 1;
}
