// SPDX-License-Identifier: Apache-2.0
// arch: dav-3510
// On the 950 the cube's result need not go through device memory: Fixpipe writes into the unified buffers of
// the block's vector cores, half of the rows each (dualDstCtl 1). Flags of mode 4 join the cube core with one
// vector core; on the cube's side ids from 16 name the second one. D = A B + 1.
#include "../common.h"
#include "../cube/tile.h"

constexpr uint16_t M = 32, N = 64, kProductDone = 2, kSecond = 16;
constexpr uint16_t K = 16;  // one fractal wide: the order of fractals in L0A is another one on this chip
constexpr uint32_t kHalf = M / 2 * N;

__global__ __mix__(1, 2) void multiply_and_add(GM_ADDR a, GM_ADDR b, GM_ADDR d) {
  using namespace AscendC;
  TPipe pipe;
  TBuf<TPosition::VECCALC> unified;  // at the same place on all cores
  pipe.InitBuffer(unified, kHalf * sizeof(float));
  const LocalTensor<float> half_of_c = unified.Get<float>();
  if ASCEND_IS_AIC {
    GlobalTensor<half> ga, gb;
    ga.SetGlobalBuffer((__gm__ half*)a, M * K);
    gb.SetGlobalBuffer((__gm__ half*)b, K * N);
    TBuf<TPosition::A1> a1_buffer;
    TBuf<TPosition::B1> b1_buffer;
    TBuf<TPosition::A2> a2_buffer;
    TBuf<TPosition::B2> b2_buffer;
    TBuf<TPosition::CO1> c1_buffer;
    pipe.InitBuffer(a1_buffer, M * K * sizeof(half));
    pipe.InitBuffer(b1_buffer, K * N * sizeof(half));
    pipe.InitBuffer(a2_buffer, M * K * sizeof(half));
    pipe.InitBuffer(b2_buffer, K * N * sizeof(half));
    pipe.InitBuffer(c1_buffer, M * N * sizeof(float));
    const LocalTensor<half> a1 = a1_buffer.Get<half>(), b1 = b1_buffer.Get<half>(),
                            a2 = a2_buffer.Get<half>(), b2 = b2_buffer.Get<half>();
    const LocalTensor<float> c1 = c1_buffer.Get<float>();
    ToL1(a1, ga, M, K, K);
    ToL1(b1, gb, K, N, N);
    SetFlag<HardEvent::MTE2_MTE1>(EVENT_ID0);
    WaitFlag<HardEvent::MTE2_MTE1>(EVENT_ID0);
    ToL0A(a2, a1, M, K);
    ToL0B(b2, b1, K, N);
    SetFlag<HardEvent::MTE1_M>(EVENT_ID0);
    WaitFlag<HardEvent::MTE1_M>(EVENT_ID0);
    MmadParams mm;
    mm.m = M;
    mm.n = N;
    mm.k = K;
    Mmad(c1, a2, b2, mm);
    SetFlag<HardEvent::M_FIX>(EVENT_ID0);
    WaitFlag<HardEvent::M_FIX>(EVENT_ID0);
    FixpipeParamsC310<CO2Layout::ROW_MAJOR> fix;
    fix.mSize = M;
    fix.nSize = N;
    fix.srcStride = M;
    fix.dstStride = N;
    fix.dualDstCtl = 1;
    Fixpipe(half_of_c, c1, fix);
    CrossCoreSetFlag<4, PIPE_FIX>(kProductDone);
    CrossCoreSetFlag<4, PIPE_FIX>(kProductDone + kSecond);
  }
  if ASCEND_IS_AIV {
    GlobalTensor<float> to;
    to.SetGlobalBuffer((__gm__ float*)d + GetSubBlockIdx() * kHalf, kHalf);
    CrossCoreWaitFlag<4, PIPE_V>(kProductDone);
    Adds(half_of_c, half_of_c, 1.0f, kHalf);
    SetFlag<HardEvent::V_MTE3>(EVENT_ID0);
    WaitFlag<HardEvent::V_MTE3>(EVENT_ID0);
    DataCopy(to, half_of_c, kHalf);
  }
}

int main() {
  example::Session acl;
  const std::vector<float> a = example::halved(example::numbers(M * K, -1, 1, 1)),
                           b = example::halved(example::numbers(K * N, -1, 1, 2));
  example::Buffer<aclFloat16> da(example::to_half(a)), db(example::to_half(b));
  example::Buffer<float> dd(M * N);
  multiply_and_add<<<1, nullptr, acl.stream>>>(da, db, dd);
  acl.wait();
  const auto golden = [&](size_t i) {
    double sum = 1;
    for (size_t k = 0; k < K; ++k) sum += double(a[i / N * K + k]) * b[k * N + i % N];
    return sum;
  };
  return example::compare("mix/direct_to_vector", dd.read(), golden, 1e-5);
}
