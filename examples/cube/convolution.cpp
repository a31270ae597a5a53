// SPDX-License-Identifier: Apache-2.0
// A 3 x 3 convolution as a matrix product. The feature map lies in L1 as H x W points of 16 channels
// (NC1HWC0); LoadData with LoadData3DParamsV2 builds the left operand from it on the fly: a row for each
// output position, a column for each tap and channel (im2col), zero padding included. The weights are the
// right operand.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint16_t kHeight = 8, kWidth = 8, kChannels = 16, kTaps = 9, kOut = 16;
constexpr uint16_t M = kHeight * kWidth, K = kTaps * kChannels,
                   N = kOut;  // padded by 1, so the output is as large

extern "C" __global__ __cube__ void convolve(GM_ADDR image, GM_ADDR weights, GM_ADDR result) {
  using namespace AscendC;
  GlobalTensor<half> gx, gw;
  GlobalTensor<float> gy;
  gx.SetGlobalBuffer((__gm__ half*)image, M * kChannels);
  gw.SetGlobalBuffer((__gm__ half*)weights, K * N);
  gy.SetGlobalBuffer((__gm__ float*)result, M * N);
  TPipe pipe;
  TQue<TPosition::A1, 1> in_x;
  TQue<TPosition::B1, 1> in_w;
  TQue<TPosition::A2, 1> left;
  TQue<TPosition::B2, 1> right;
  TQue<TPosition::CO1, 1> out;
  pipe.InitBuffer(in_x, 1, M * kChannels * sizeof(half));
  pipe.InitBuffer(in_w, 1, K * N * sizeof(half));
  pipe.InitBuffer(left, 1, M * K * sizeof(half));
  pipe.InitBuffer(right, 1, K * N * sizeof(half));
  pipe.InitBuffer(out, 1, M * N * sizeof(float));

  LocalTensor<half> x1 = in_x.AllocTensor<half>(), w1 = in_w.AllocTensor<half>();
  DataCopy(x1, gx, M * kChannels);  // one group of 16 channels: NHWC and NC1HWC0 are the same
  DataCopy(w1, gw, K * N);          // N = 16: K x N row-major is a column of fractals
  in_x.EnQue(x1);
  in_w.EnQue(w1);
  x1 = in_x.DeQue<half>();
  w1 = in_w.DeQue<half>();
  LocalTensor<half> x2 = left.AllocTensor<half>(), w2 = right.AllocTensor<half>();
  LoadData3DParamsV2<half> taps;
  for (int side = 0; side < 4; ++side) taps.padList[side] = 1;  // left, right, top, bottom
  taps.l1H = kHeight;
  taps.l1W = kWidth;
  taps.channelSize = kChannels;
  taps.kExtension = K;  // how much of the im2col matrix to take, and from where
  taps.mExtension = M;
  taps.kStartPt = 0;
  taps.mStartPt = 0;
  taps.strideW = taps.strideH = 1;
  taps.filterW = taps.filterH = 3;
  taps.dilationFilterW = taps.dilationFilterH = 1;
  taps.padValue = half(0.0f);
  LoadData(x2, x1, taps);
  LoadData2DParams fractals;
  fractals.repeatTimes = K / 16;
  fractals.srcStride = 1;
  fractals.ifTranspose = true;
  LoadData(w2, w1, fractals);
  left.EnQue(x2);
  right.EnQue(w2);
  in_x.FreeTensor(x1);
  in_w.FreeTensor(w1);
  x2 = left.DeQue<half>();
  w2 = right.DeQue<half>();
  LocalTensor<float> y1 = out.AllocTensor<float>();
  MmadParams mm;
  mm.m = M;
  mm.n = N;
  mm.k = K;
  Mmad(y1, x2, w2, mm);
  out.EnQue(y1);
  left.FreeTensor(x2);
  right.FreeTensor(w2);
  y1 = out.DeQue<float>();
  FixpipeParamsV220 fix;
  fix.mSize = M;
  fix.nSize = N;
  fix.srcStride = M;
  fix.dstStride = N;
  Fixpipe(gy, y1, fix);
  out.FreeTensor(y1);
}

int main() {
  example::Session acl;
  const std::vector<float> x = example::halved(example::numbers(M * kChannels, -1, 1, 1)),
                           w = example::halved(example::numbers(K * N, -1, 1, 2));
  example::Buffer<aclFloat16> dx(example::to_half(x)), dw(example::to_half(w));
  example::Buffer<float> dy(M * N);
  convolve<<<1, nullptr, acl.stream>>>(dx, dw, dy);
  acl.wait();
  const auto golden = [&](size_t i) {
    const int row = int(i / N) / kWidth, column = int(i / N) % kWidth, to = int(i % N);
    double sum = 0;
    for (int tap = 0; tap < kTaps; ++tap) {
      const int h = row + tap / 3 - 1, v = column + tap % 3 - 1;
      if (h < 0 || h >= kHeight || v < 0 || v >= kWidth) continue;
      for (int c = 0; c < kChannels; ++c)
        sum += double(x[(h * kWidth + v) * kChannels + c]) * w[(tap * kChannels + c) * N + to];
    }
    return sum;
  };
  return example::compare("cube/convolution", dy.read(), golden, 1e-5);
}
