// SPDX-License-Identifier: Apache-2.0
// Sort of the library: all of 512 numbers in descending order, with the places they came from. Concat
// prepares the scores, Sort makes pairs (score, index), Extract takes them apart.
#include <algorithm>

#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kCount = 512, kGroups = kCount / 32;

extern "C" __global__ __vector__ void sort_all(GM_ADDR x, GM_ADDR scores, GM_ADDR places) {
  using namespace AscendC;
  GlobalTensor<float> from, to;
  GlobalTensor<uint32_t> where;
  from.SetGlobalBuffer((__gm__ float*)x, kCount);
  to.SetGlobalBuffer((__gm__ float*)scores, kCount);
  where.SetGlobalBuffer((__gm__ uint32_t*)places, kCount);
  TPipe pipe;
  TQue<TPosition::VECIN, 1> in;
  TQue<TPosition::VECOUT, 1> out, out_places;
  TBuf<TPosition::VECCALC> index_buffer, pair_buffer, concat_buffer, work_buffer;
  pipe.InitBuffer(in, 1, kCount * sizeof(float));
  pipe.InitBuffer(out, 1, kCount * sizeof(float));
  pipe.InitBuffer(out_places, 1, kCount * sizeof(uint32_t));
  pipe.InitBuffer(index_buffer, kCount * sizeof(int32_t));
  pipe.InitBuffer(pair_buffer, kCount * 8);
  pipe.InitBuffer(concat_buffer, kCount * 8);
  pipe.InitBuffer(work_buffer, kCount * 8);
  const LocalTensor<int32_t> index = index_buffer.Get<int32_t>();
  LocalTensor<float> pairs = pair_buffer.Get<float>(), work = work_buffer.Get<float>(),
                     joined = concat_buffer.Get<float>();

  LocalTensor<float> a = in.AllocTensor<float>();
  DataCopy(a, from, kCount);
  in.EnQue(a);
  CreateVecIndex(index, int32_t(0), kCount);
  a = in.DeQue<float>();
  PipeBarrier<PIPE_V>();
  Concat(joined, a, work, kCount / 16);
  PipeBarrier<PIPE_V>();
  Sort<float, true>(pairs, joined, index.ReinterpretCast<uint32_t>(), work, kGroups);
  PipeBarrier<PIPE_V>();
  LocalTensor<float> b = out.AllocTensor<float>();
  LocalTensor<uint32_t> p = out_places.AllocTensor<uint32_t>();
  Extract(b, p, pairs, kGroups);
  out.EnQue(b);
  out_places.EnQue(p);
  in.FreeTensor(a);
  b = out.DeQue<float>();
  p = out_places.DeQue<uint32_t>();
  DataCopy(to, b, kCount);
  DataCopy(where, p, kCount);
  out.FreeTensor(b);
  out_places.FreeTensor(p);
}

int main() {
  example::Session acl;
  const std::vector<float> x = example::numbers(kCount, -1, 1);
  example::Buffer<float> dx(x), scores(kCount);
  example::Buffer<uint32_t> places(kCount);
  sort_all<<<1, nullptr, acl.stream>>>(dx, scores, places);
  acl.wait();
  std::vector<float> sorted = x;
  std::sort(sorted.begin(), sorted.end(), [](float a, float b) { return a > b; });
  const std::vector<uint32_t> from = places.read();
  std::vector<float> by_place;
  for (const uint32_t place : from) by_place.push_back(place < kCount ? x[place] : NAN);
  const auto golden = [&](size_t i) { return double(sorted[i]); };
  return example::compare("sort/descending scores", scores.read(), golden, 0) |
         example::compare("sort/descending places", by_place, golden, 0);
}
