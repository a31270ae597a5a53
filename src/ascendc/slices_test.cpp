// SPDX-License-Identifier: Apache-2.0
// Slices of tensors, pools of buffers, addresses of tensors, and what says something about a kernel without
// changing its numbers.
#include <cmath>

#include "ascendc/covers_for_test.h"
#include "ascendc/cube_for_test.h"

namespace etalon::ascendc {
namespace {

using namespace AscendC;

// Of a tensor of 3 x 4 x 87 floats: rows 0 and 2 of planes 0 and 1, each two pieces of 24, and back.
TEST(Slices, PiecesAlongEveryDimension) {
  COVERS("SliceInfo");
  constexpr std::uint32_t kX = 87, kY = 4, kZ = 3;
  TestDevice device;
  auto* from = device.allocate_of<float>(kX * kY * kZ);
  auto* to = device.allocate_of<float>(kX * kY * kZ);
  auto* packed = device.allocate_of<float>(2 * 2 * 48);
  for (std::uint32_t i = 0; i < kX * kY * kZ; ++i) from[i] = static_cast<float>(i), to[i] = -1;
  const auto result = run(device, KernelType::aiv, 1, [&] {
    GlobalTensor<float> g, back, out;
    g.SetGlobalBuffer(from), back.SetGlobalBuffer(to), out.SetGlobalBuffer(packed);
    const SliceInfo outside[3] = {{16, 70, 7, 3, kX}, {0, 2, 1, 1, kY}, {0, 1, 0, 1, kZ}};
    const SliceInfo inside[3] = {{0, 47, 0, 3, 48}, {0, 1, 0, 1, 2}, {0, 1, 0, 1, 2}};
    DataCopy(ub<float>(0), g, inside, outside, 3);
    PipeBarrier<PIPE_ALL>();
    DataCopy(out, ub<float>(0), 2 * 2 * 48);
    DataCopy(back, ub<float>(0), outside, inside, 3);
  });
  ASSERT_TRUE(result.has_value()) << result.error().text();
  for (std::uint32_t z = 0; z < kZ; ++z) {
    for (std::uint32_t y = 0; y < kY; ++y) {
      for (std::uint32_t x = 0; x < kX; ++x) {
        const std::uint32_t at = (z * kY + y) * kX + x;
        const bool piece = (x >= 16 && x < 40) || (x >= 47 && x < 71), here = z < 2 && y % 2 == 0 && piece;
        EXPECT_EQ(to[at], here ? from[at] : -1) << x << ' ' << y << ' ' << z;
        if (here) {
          EXPECT_EQ(packed[(z * 2 + y / 2) * 48 + (x < 40 ? x - 16 : x - 47 + 24)], from[at]);
        }
      }
    }
  }
  EXPECT_EQ(error_code(KernelType::aiv,
                       [] {
                         const SliceInfo one[1] = {{0, 7, 0, 1, 8}}, two[1] = {{0, 15, 0, 1, 16}};
                         DataCopy(ub<float>(0), GlobalTensor<float>(), one, two);
                       }),
            "ascendc.range");
}

TEST(Slices, DeclaredPadding) {
  COVERS("SetPadValue");
  TestDevice device;
  auto* from = device.allocate_of<std::int32_t>(16);
  auto* to = device.allocate_of<std::int32_t>(16);
  std::fill_n(from, 16, 5);
  const auto result = run(device, KernelType::aiv, 1, [&] {
    GlobalTensor<std::int32_t> out;
    out.SetGlobalBuffer(to);
    SetPadValue<std::int32_t, TPosition::VECIN>(-9);
    copy_gm_to_ubuf_align_b32(nullptr, from, 0, 2, 20, 1, 2, 12, 0);
    PipeBarrier<PIPE_ALL>();
    DataCopy(out, ub<std::int32_t>(0), 16);
  });
  ASSERT_TRUE(result.has_value()) << result.error().text();
  for (int i = 0; i < 16; ++i) EXPECT_EQ(to[i], i % 8 == 0 || i % 8 > 5 ? -9 : 5) << i;
}

// Pools in a pool, two of which share their memory and are used in turn.
TEST(Pools, HandOutTheirOwnStretch) {
  COVERS("TBufPool", "InitBufPool");
  const auto z = on_vector_core<float, float>(std::vector<float>(8, 1.0f), 0, 8, [] {
    TPipe pipe;
    TBuf<TPosition::VECCALC> input;
    pipe.InitBuffer(input, 256);
    TBufPool<TPosition::VECCALC> whole;
    pipe.InitBufPool(whole, 4096);
    TBufPool<TPosition::VECCALC> first, second;
    whole.InitBufPool(first, 1024);
    whole.InitBufPool(second, 1000, first);
    TBuf<TPosition::VECCALC> a, b, c;
    first.InitBuffer(a, 100);
    first.InitBuffer(b, 64);
    second.InitBuffer(c, 512);
    EXPECT_EQ(a.Get<float>().GetPhyAddr(), 256u);
    EXPECT_EQ(b.Get<float>().GetPhyAddr(), 256u + 128);
    EXPECT_EQ(c.Get<float>().GetPhyAddr(), 256u);
    first.Reset();
    TQue<TPosition::VECCALC, 1> queue;
    first.InitBuffer(queue, 2, 256);
    auto x = queue.AllocTensor<float>();
    EXPECT_EQ(x.GetPhyAddr(), 256u);
    Adds(x, input.Get<float>(), 3.0f, 8);
    queue.EnQue(x);
    x = queue.DeQue<float>();
    Muls(input.Get<float>(), x, 2.0f, 8);
    queue.FreeTensor(x);
    TBuf<TPosition::VECCALC> after;
    whole.InitBuffer(after, 32);
    EXPECT_EQ(after.Get<float>().GetPhyAddr(), 256u + 1024);
  });
  for (const float x : z) EXPECT_EQ(x, 8.0f);
  const auto too_much = [](std::uint32_t pool, std::uint32_t buffer) {
    return error_code(KernelType::aiv, [=] {
      TPipe pipe;
      TBufPool<TPosition::VECCALC> whole;
      TBuf<TPosition::VECCALC> b;
      pipe.InitBufPool(whole, pool);
      whole.InitBuffer(b, buffer);
    });
  };
  EXPECT_EQ(too_much(1024, 1056), "ascendc.memory");
  EXPECT_EQ(too_much(1 << 20, 32), "ascendc.memory");
  EXPECT_EQ(too_much(1024, 1024), "");
}

// Tensors laid where their addresses say.
TEST(Addresses, KernelsSetThem) {
  COVERS("TBuffAddr");
  const auto z = on_vector_core<float, float>({1, 2, 3, 4, 5, 6, 7, 8}, 512, 8, [] {
    TBuffAddr to;
    to.bufferAddr = 512;
    to.dataLen = 32;
    LocalTensor<float> source, target;
    target.SetAddr(to);
    source.address_.logicPos = static_cast<std::uint8_t>(TPosition::VECIN);
    source.address_.bufferAddr = 0;
    source.address_.dataLen = 64;
    EXPECT_EQ(source.GetSize(), 16u);
    EXPECT_EQ(source.GetPosition(), TPosition::VECIN);
    EXPECT_EQ(target.GetSize(), 8u);
    EXPECT_EQ(target[3].address_.bufferAddr, 524u);
    EXPECT_EQ(target[3].GetSize(), 5u);
    EXPECT_EQ(target.ReinterpretCast<half>().GetSize(), 16u);
    Muls(target, source, 2.0f, 8);
  });
  for (std::size_t i = 0; i < 8; ++i) EXPECT_EQ(z[i], 2 * static_cast<double>(i + 1));
}

// Marks and declarations leave a kernel's numbers alone; a range that is no device memory is found.
TEST(Marks, LeaveNumbersAlone) {
  COVERS("OOMCheckAddrRange", "InitDump", "TRACE_START", "TRACE_STOP", "CACHE_LINE_SIZE");
  TestDevice device;
  auto* memory = device.allocate_of<std::int32_t>(64);
  std::fill_n(memory, 64, 3);
  const auto result = run(device, KernelType::aiv, 1, [&] {
    GlobalTensor<std::int32_t> g;
    g.SetGlobalBuffer(memory);
    InitDump(false, reinterpret_cast<std::uint8_t*>(memory), 256u);
    OOMCheckAddrRange(g.GetPhyAddr(), 256);
    TRACE_START(0x2);
    DataCopy(ub<std::int32_t>(0), g, CACHE_LINE_SIZE / sizeof(std::int32_t));
    PipeBarrier<PIPE_ALL>();
    Muls(ub<std::int32_t>(0), ub<std::int32_t>(0), 5, 16);
    PipeBarrier<PIPE_ALL>();
    DataCopy(g, ub<std::int32_t>(0), 16);
    TRACE_STOP(0x2);
  });
  ASSERT_TRUE(result.has_value()) << result.error().text();
  for (int i = 0; i < 64; ++i) EXPECT_EQ(memory[i], i < 16 ? 15 : 3) << i;
  EXPECT_EQ(error_code(KernelType::aiv,
                       [] {
                         static std::int32_t elsewhere[8];
                         OOMCheckAddrRange(elsewhere, 32);
                       }),
            "ascendc.out-of-range");
}

TEST(Marks, ExponentialOfADifference) {
  COVERS_ON("dav-3510", "FusedExpSub");
  std::vector<float> in;
  for (int i = 0; i < 128; ++i) in.push_back(static_cast<float>(i * 7 % 31) * 0.25f - 3);
  const auto z = on_vector_core<float, float>(
      in, 1024, 64, [] { FusedExpSub(ub<float>(1024), ub<float>(0), ub<float>(256), 64); });
  for (std::size_t i = 0; i < 64; ++i) {
    const double want = std::exp(static_cast<double>(in[i]) - static_cast<double>(in[64 + i]));
    EXPECT_NEAR(z[i], want, want * 1e-6) << i;
  }
}

// Formats of shapes: what is attached comes back.
TEST(Shapes, KeepTheirFormat) {
  COVERS("NDC1HWC0", "NC1HWC0", "NCDHW", "NCHW", "NHWC", "FRACTAL_Z_3D", "DataFormat", "MAX");
  const DataFormat all[] = {DataFormat::ND,       DataFormat::NZ,          DataFormat::NCHW,
                            DataFormat::NC1HWC0,  DataFormat::NHWC,        DataFormat::NCDHW,
                            DataFormat::NDC1HWC0, DataFormat::FRACTAL_Z_3D};
  EXPECT_EQ(error_code(KernelType::aiv,
                       [&] {
                         for (int i = 0; i < 8; ++i) {
                           const std::uint32_t shape[5] = {2, 3, 4, 5, 6};
                           LocalTensor<half> tensor = ub<half>(0);
                           tensor.SetShapeInfo(ShapeInfo(5, shape, all[i]));
                           EXPECT_EQ(tensor[8].GetShapeInfo().dataFormat, all[i]);
                           EXPECT_EQ(static_cast<int>(all[i]), i);
                           EXPECT_EQ(GetShapeSize(tensor.GetShapeInfo()), 720);
                         }
                         // Every event below MAX has its pair of pipes, and flags of it can be set and waited
                         // for.
                         EXPECT_EQ(static_cast<int>(HardEvent::MAX), 44);
                         TPipe pipe;
                         EXPECT_EQ(pipe.FetchEventID(HardEvent::MTE3_FIX), 0);
                       }),
            "");
}

// The enumerators of the high precision mode switch it as a bool does: 11 bits of the mantissa are left.
TEST(Cube, HighPrecisionModeByItsEnumerators) {
  COVERS("ENABLE", "DISABLE", "SetHF32Mode");
  std::vector<float> in(16 * 8 + 16 * 8, 0.0f);
  for (int i = 0; i < 16; ++i) in[static_cast<std::size_t>(i * 8)] = 1.0f + static_cast<float>(i) * 0x1p-20f;
  for (int j = 0; j < 16; ++j) in[static_cast<std::size_t>(128 + j * 8)] = 1.0f;
  for (const bool on : {false, true}) {
    const auto z = on_cube_core<float, float>(in, 256, [&](auto g, auto out) {
      DataCopy(l1<float>(0), g, 256);
      PipeBarrier<PIPE_ALL>();
      LoadData(l0a<float>(), l1<float>(0), fractals(1));
      LoadData(l0b<float>(), l1<float>(512), fractals(1));
      PipeBarrier<PIPE_ALL>();
      SetHF32Mode(HF32Mode::ENABLE);
      if (!on) SetHF32Mode(HF32Mode::DISABLE);
      Mmad(l0c<float>(), l0a<float>(), l0b<float>(), product(16, 16, 8));
      PipeBarrier<PIPE_ALL>();
      FixpipeParamsV220 f;
      f.mSize = f.nSize = f.srcStride = f.dstStride = 16;
      Fixpipe(out, l0c<float>(), f);
    });
    for (std::size_t i = 0; i < 256; ++i) EXPECT_EQ(z[i], on ? 1.0f : in[i / 16 * 8]) << on << ' ' << i;
  }
}

}  // namespace
}  // namespace etalon::ascendc
