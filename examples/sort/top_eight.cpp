// SPDX-License-Identifier: Apache-2.0
// The eight largest of 128 numbers, with their places. Sort32 sorts groups of 32 into pairs (score, index) of
// 8 bytes, MrgSort merges four sorted lists into one; Gather takes scores and indices apart.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kCount = 128, kGroup = 32, kTop = 8;

extern "C" __global__ __vector__ void top(GM_ADDR x, GM_ADDR scores, GM_ADDR places) {
  using namespace AscendC;
  GlobalTensor<float> from, to;
  GlobalTensor<uint32_t> where;
  from.SetGlobalBuffer((__gm__ float*)x, kCount);
  to.SetGlobalBuffer((__gm__ float*)scores, kTop);
  where.SetGlobalBuffer((__gm__ uint32_t*)places, kTop);
  TPipe pipe;
  TQue<TPosition::VECIN, 1> in;
  TQue<TPosition::VECOUT, 1> out;
  TBuf<TPosition::VECCALC> index_buffer, group_buffer, merged_buffer;
  pipe.InitBuffer(in, 1, kCount * sizeof(float));
  pipe.InitBuffer(out, 1, 2 * kTop * sizeof(float));
  pipe.InitBuffer(index_buffer, kCount * sizeof(int32_t));
  pipe.InitBuffer(group_buffer, kCount * 8);
  pipe.InitBuffer(merged_buffer, kCount * 8);
  const LocalTensor<int32_t> index = index_buffer.Get<int32_t>();
  const LocalTensor<float> groups = group_buffer.Get<float>(), merged = merged_buffer.Get<float>();

  LocalTensor<float> a = in.AllocTensor<float>();
  DataCopy(a, from, kCount);
  in.EnQue(a);
  a = in.DeQue<float>();
  CreateVecIndex(index, int32_t(0), kCount);
  PipeBarrier<PIPE_V>();
  Sort32(groups, a, index.ReinterpretCast<uint32_t>(), kCount / kGroup);
  PipeBarrier<PIPE_V>();
  MrgSortSrcList<float> lists;
  lists.src1 = groups;  // 32 pairs are 64 floats
  lists.src2 = groups[2 * kGroup];
  lists.src3 = groups[4 * kGroup];
  lists.src4 = groups[6 * kGroup];
  MrgSort4Info how;
  for (int list = 0; list < 4; ++list) how.elementLengths[list] = kGroup;
  how.ifExhaustedSuspension = false;
  how.validBit = 0b1111;  // all four take part
  how.repeatTimes = 1;
  MrgSort(merged, lists, how);
  Muls(index, index, int32_t(8), kTop);  // byte offsets 0, 8, 16, ... of the first pairs
  PipeBarrier<PIPE_V>();
  LocalTensor<float> b = out.AllocTensor<float>();
  Gather(b, merged, index.ReinterpretCast<uint32_t>(), 0, kTop);
  Gather(b[kTop], merged, index.ReinterpretCast<uint32_t>(), 4, kTop);
  out.EnQue(b);
  in.FreeTensor(a);
  b = out.DeQue<float>();
  DataCopy(to, b, kTop);
  DataCopy(where, b[kTop].ReinterpretCast<uint32_t>(), kTop);
  out.FreeTensor(b);
}

int main() {
  example::Session acl;
  const std::vector<float> x = example::numbers(kCount, -1, 1);
  example::Buffer<float> dx(x), scores(kTop);
  example::Buffer<uint32_t> places(kTop);
  top<<<1, nullptr, acl.stream>>>(dx, scores, places);
  acl.wait();
  const auto place = [&](size_t rank) {  // the number that `rank` others exceed
    size_t at = 0;
    for (size_t i = 0; i < kCount; ++i) {
      size_t larger = 0;
      for (const float v : x) larger += v > x[i] ? 1 : 0;
      if (larger == rank) at = i;
    }
    return at;
  };
  return example::compare(
             "sort/top_eight scores", scores.read(), [&](size_t i) { return double(x[place(i)]); }, 0) |
         example::compare(
             "sort/top_eight places", places.read(), [&](size_t i) { return double(place(i)); }, 0);
}
