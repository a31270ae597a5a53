// SPDX-License-Identifier: Apache-2.0
// Queues, buffers, flags between pipes and transfers: their numbers, and that they order what they say they
// order. The hazard checker is the judge of order: nothing to say with them, something without.
#include <cmath>

#include "ascendc/covers_for_test.h"
#include "ascendc/hazards/test_kernels.h"

namespace etalon::ascendc {
namespace {

using namespace AscendC;

bool found(const Findings& findings, const std::string& code) {
  return std::any_of(findings.begin(), findings.end(), [&](const Finding& f) { return f.code == code; });
}
// Runs the kernel on one vector core: no findings, and y holds what `want` says.
void expect_right(const std::function<void(Gm&)>& kernel, int elements,
                  const std::function<double(int)>& want) {
  std::vector<float> y;
  float* memory = nullptr;
  const Findings findings = check(KernelType::aiv, 1, [&](Gm& gm) {
    kernel(gm);
    PipeBarrier<PIPE_ALL>();
    memory = gm.y;
    y.assign(gm.y, gm.y + elements);
  });
  EXPECT_TRUE(clean(findings));
  ASSERT_EQ(static_cast<int>(y.size()), elements);
  for (int i = 0; i < elements; ++i) EXPECT_EQ(y[static_cast<std::size_t>(i)], want(i)) << i;
}
double x_at(int i) { return i % 7; }  // what device memory holds at first

TEST(Pipe, QueuesCarryTilesFromPipeToPipe) {
  COVERS("TPipe", "TQue", "TBuf", "InitBuffer", "AllocTensor", "EnQue", "DeQue", "FreeTensor", "Get",
         "GetWithOffset", "TPosition", "QuePosition", "VECIN", "VECOUT", "VECCALC", "LCM", "HasTensorInQue",
         "VacantInQue", "GetTensorCountInQue", "FreeAllEvent", "LocalTensor", "GetSize", "SetSize",
         "GetLength", "Destroy", "Reset", "GetTPipePtr");
  for (const int buffers : {1, 2}) {
    const auto kernel = [&](Gm& gm) {
      TPipe pipe;
      EXPECT_EQ(GetTPipePtr(), &pipe);
      TQue<QuePosition::VECIN, 2> in;
      TQue<TPosition::VECOUT, 2> out;
      TBuf<TPosition::VECCALC> work;
      TBuf<TPosition::LCM> more;
      pipe.InitBuffer(in, static_cast<std::uint8_t>(buffers), kN * 4);
      pipe.InitBuffer(out, static_cast<std::uint8_t>(buffers), kN * 4);
      pipe.InitBuffer(work, kN * 8);
      pipe.InitBuffer(more, 32);
      LocalTensor<float> high = work.GetWithOffset<float>(kN, kN * 4);
      EXPECT_EQ(work.Get<float>().GetSize(), 2 * kN);
      EXPECT_EQ(high.GetLength(), kN * 4);
      high.SetSize(8);
      EXPECT_EQ(high.GetSize(), 8u);
      for (std::uint32_t i = 0; i < 8; ++i) {
        LocalTensor<float> a = in.AllocTensor<float>();
        DataCopy(a, gm.gx[i * kN], kN);
        EXPECT_FALSE(in.HasTensorInQue());
        in.EnQue(a);
        EXPECT_TRUE(in.HasTensorInQue());
        EXPECT_EQ(in.GetTensorCountInQue(), 1);
        EXPECT_EQ(in.VacantInQue(), buffers == 2);
        a = in.DeQue<float>();
        LocalTensor<float> b = out.AllocTensor<float>();
        Muls(high, a, 3.0f, kN);
        PipeBarrier<PIPE_V>();
        Add(b, high, a, kN);
        out.EnQue<float>(b);
        in.FreeTensor(a);
        b = out.DeQue<float>();
        DataCopy(gm.gy[i * kN], b, kN);
        out.FreeTensor(b);
      }
      in.FreeAllEvent();
      out.FreeAllEvent();
      pipe.Destroy();
      pipe.Reset();
      TBuf<TPosition::VECCALC> again;  // all memory is free again
      pipe.InitBuffer(again, 180 * 1024);
    };
    expect_right(kernel, 8 * kN, [](int i) { return 4 * x_at(i); });
  }
}

TEST(Pipe, OneQueueFromTransferToTransfer) {
  COVERS("TQueBind", "MTE2_MTE3");
  const auto kernel = [](Gm& gm) {
    TPipe pipe;
    TQueBind<TPosition::VECIN, TPosition::VECOUT, 2> through;
    pipe.InitBuffer(through, 2, kN * 4);
    for (std::uint32_t i = 0; i < 6; ++i) {
      LocalTensor<float> a = through.AllocTensor<float>();
      DataCopy(a, gm.gx[i * kN], kN);
      through.EnQue(a);
      a = through.DeQue<float>();
      DataCopy(gm.gy[i * kN], a, kN);
      through.FreeTensor(a);
    }
  };
  static_assert(detail::pipes_of(HardEvent::MTE2_MTE3).to == kAscPipeMte3);
  expect_right(kernel, 6 * kN, x_at);
}

// One transfer, one vector instruction, one transfer, ordered by flags of one id; `skip` leaves one pair out.
void by_flags(Gm& gm, std::int32_t id, int skip) {
  const auto a = tile(0), b = tile(1024);
  for (std::uint32_t i = 0; i < 2; ++i) {
    DataCopy(a, gm.gx[i * kN], kN);
    if (skip != 0) SetFlag<HardEvent::MTE2_V>(id), WaitFlag<HardEvent::MTE2_V>(id);
    Muls(b, a, 2.0f, kN);
    if (skip != 1) SetFlag<HardEvent::V_MTE3>(id), WaitFlag<HardEvent::V_MTE3>(id);
    DataCopy(gm.gy[i * kN], b, kN);
    if (skip != 2) SetFlag<HardEvent::MTE3_V>(id), WaitFlag<HardEvent::MTE3_V>(id);
    if (skip != 3) SetFlag<HardEvent::V_MTE2>(id), WaitFlag<HardEvent::V_MTE2>(id);
  }
}
TEST(Pipe, FlagsOfEveryIdOrderPipes) {
  COVERS("SetFlag", "WaitFlag", "HardEvent", "EVENT_ID0", "EVENT_ID1", "EVENT_ID2", "EVENT_ID3", "EVENT_ID4",
         "EVENT_ID5", "EVENT_ID6", "EVENT_ID7", "TEventID", "AllocEventID", "ReleaseEventID", "FetchEventID",
         "event_t");
  for (const event_id_t id :
       {EVENT_ID0, EVENT_ID1, EVENT_ID2, EVENT_ID3, EVENT_ID4, EVENT_ID5, EVENT_ID6, EVENT_ID7}) {
    EXPECT_TRUE(clean(check(KernelType::aiv, 1, [&](Gm& gm) { by_flags(gm, id, -1); }))) << id;
    EXPECT_TRUE(found(check(KernelType::aiv, 1, [&](Gm& gm) { by_flags(gm, id, 0); }), "hazard.raw")) << id;
    EXPECT_TRUE(found(check(KernelType::aiv, 1, [&](Gm& gm) { by_flags(gm, id, 1); }), "hazard.raw")) << id;
    EXPECT_TRUE(found(check(KernelType::aiv, 1, [&](Gm& gm) { by_flags(gm, id, 3); }), "hazard.war")) << id;
  }
  expect_right([](Gm& gm) { by_flags(gm, EVENT_ID5, -1); }, 2 * kN, [](int i) { return 2 * x_at(i); });
  const auto pool = [](Gm& gm) {
    TPipe pipe;
    const auto fetched = static_cast<event_t>(pipe.FetchEventID(HardEvent::MTE2_V));
    const TEventID id = pipe.AllocEventID<HardEvent::MTE2_V>(),
                   other = pipe.AllocEventID<HardEvent::MTE2_V>();
    EXPECT_EQ(fetched, id);
    EXPECT_NE(id, other);
    pipe.ReleaseEventID<HardEvent::MTE2_V>(id);
    EXPECT_EQ(pipe.FetchEventID(HardEvent::MTE2_V), id);
    by_flags(gm, other, -1);
  };
  EXPECT_TRUE(clean(check(KernelType::aiv, 1, pool)));
}

// What PipeBarrier<pipe> of transfers and the scalar unit order.
TEST(Pipe, BarriersOrderOnePipeOrAll) {
  COVERS("PipeBarrier", "PIPE_ALL", "PIPE_V", "PIPE_MTE2", "PIPE_MTE3", "PIPE_S", "pipe_barrier");
  const auto with = [](int which) {
    return [which](Gm& gm) {
      Duplicate(tile(0), 1.0f, kN);
      if (which == 0) PipeBarrier<PIPE_ALL>();
      if (which == 1) PipeBarrier<PIPE_V>();
      if (which == 2) pipe_barrier(PIPE_ALL);
      DataCopy(gm.gy, tile(0), kN);
    };
  };
  expect_right(with(0), kN, [](int) { return 1; });
  expect_right(with(2), kN, [](int) { return 1; });
  EXPECT_TRUE(found(check(KernelType::aiv, 1, with(1)), "hazard.raw"));
  // Two stores to the same place: later ones of the pipe wait with a barrier of it; then a load of what was
  // stored.
  const auto stores = [](Gm& gm) {
    Duplicate(tile(0), 1.0f, kN);
    PipeBarrier<PIPE_V>();
    Duplicate(tile(1024), 2.0f, kN);
    sync<HardEvent::V_MTE3>();
    DataCopy(gm.gy, tile(0), kN);
    PipeBarrier<PIPE_MTE3>();
    DataCopy(gm.gy, tile(1024), kN);
    sync<HardEvent::MTE3_MTE2>();
    DataCopy(tile(0), gm.gy, kN);
    PipeBarrier<PIPE_MTE2>();
    DataCopy(tile(0), gm.gx, kN);
    SetFlag<HardEvent::MTE2_S>(0), WaitFlag<HardEvent::MTE2_S>(0);
    tile(0).SetValue(3, tile(0).GetValue(4) + 100);
    set_flag(PIPE_S, PIPE_MTE3, 0), wait_flag(PIPE_S, PIPE_MTE3, 0);
    PipeBarrier<PIPE_MTE3>();
    DataCopy(gm.gy, tile(0), kN);
  };
  expect_right(stores, kN, [](int i) { return i == 3 ? 104 : x_at(i); });
}

TEST(Pipe, FlagsByTheNamesOfPipes) {
  COVERS("TQueSync");
  const auto kernel = [](bool with) {
    return [with](Gm& gm) {
      TQueSync<PIPE_MTE2, PIPE_MTE3> flag;
      DataCopy(tile(0), gm.gx, kN);
      if (with) flag.SetFlag(2), flag.WaitFlag(2);
      DataCopy(gm.gy, tile(0), kN);
    };
  };
  expect_right(kernel(true), kN, x_at);
  EXPECT_TRUE(found(check(KernelType::aiv, 1, kernel(false)), "hazard.raw"));
}

TEST(Pipe, TensorsAreReadAndWrittenAsOtherTypes) {
  COVERS("ReinterpretCast", "GetValue", "SetValue", "LocalTensor", "GetPhyAddr", "GetPosition");
  const auto kernel = [](Gm& gm) {
    const auto a = tile(64, 64);
    DataCopy(a, gm.gx, 64);
    SetFlag<HardEvent::MTE2_S>(0), WaitFlag<HardEvent::MTE2_S>(0);
    const auto bits = a.ReinterpretCast<std::uint16_t>();
    EXPECT_EQ(bits.GetSize(), 128u);
    EXPECT_EQ(bits[2].GetPhyAddr(), 68u);
    EXPECT_EQ(bits.GetPosition(), TPosition::VECCALC);
    for (std::uint32_t i = 0; i < 64; ++i) bits.SetValue(2 * i, 0x8000);  // the low half of -0 is nothing
    a.SetValue(5, -2.5f);
    EXPECT_EQ(bits.GetValue(11), 0xc020);
    SetFlag<HardEvent::S_MTE3>(0), WaitFlag<HardEvent::S_MTE3>(0);
    DataCopy(gm.gy, a, 64);
  };
  const auto low_half = [](int i) {
    if (i == 5) return -2.5;
    const auto bits = __builtin_bit_cast(std::uint32_t, static_cast<float>(x_at(i)));
    return static_cast<double>(__builtin_bit_cast(float, (bits & 0xffff0000u) | 0x8000u));
  };
  expect_right(kernel, 64, low_half);
}

TEST(Pipe, TransfersWithGapsAndPadding) {
  COVERS("DataCopy", "DataCopyParams", "DataCopyPad", "DataCopyExtParams", "DataCopyPadExtParams",
         "DataCopyPadParams", "SetL2CacheHint", "CacheMode");
  // Three runs of two blocks, one block apart in device memory, two apart in UB, and back the other way.
  const auto gaps = [](Gm& gm) {
    Duplicate(tile(0), -1.0f, kN);
    sync<HardEvent::V_MTE2>();
    gm.gx.SetL2CacheHint(CacheMode::CACHE_MODE_DISABLE);
    DataCopy(tile(0), gm.gx, DataCopyParams(3, 2, 1, 2));
    DataCopyParams out;
    out.blockCount = 3, out.blockLen = 2, out.srcStride = 2, out.dstStride = 0;
    PipeBarrier<PIPE_ALL>();
    DataCopy(gm.gy, tile(0), out);
    DataCopy(tile(1024), tile(0), DataCopyParams(1, 12, 0, 0));
    PipeBarrier<PIPE_ALL>();
    DataCopy(gm.gy[48], tile(1024), 96u);
  };
  expect_right(gaps, 144, [](int i) {
    if (i < 48) return x_at(i / 16 * 24 + i % 16);
    const int at = i - 48, run = at / 32, in = at % 32;
    return run < 3 && in < 16 ? x_at(run * 24 + in) : -1.0;
  });
  // Rows of 5 elements, 3 apart; one element in front, two behind.
  const auto padded = [](Gm& gm) {
    DataCopyPad(tile(0), gm.gx, DataCopyExtParams(4, 20, 12, 0, 0),
                DataCopyPadExtParams<float>(true, 1, 2, 9.0f));
    DataCopyPad(tile(512), gm.gx, DataCopyParams(2, 20, 4, 0), DataCopyPadParams{false, 0, 0, 0});
    sync<HardEvent::MTE2_MTE3>();
    DataCopyPad(gm.gy, tile(0), DataCopyExtParams(1, 128, 0, 0, 0));
    DataCopyPad(gm.gy[32], tile(0), DataCopyExtParams(4, 24, 0, 4, 0));
    DataCopyPad(gm.gy[60], tile(512), DataCopyParams(2, 20, 0, 0));
  };
  expect_right(padded, 70, [](int i) {
    const auto row = [](int r, int e) { return e == 0 || e > 5 ? 9.0 : x_at(r * 8 + e - 1); };
    if (i < 32) return row(i / 8, i % 8);
    if (i < 60) return (i - 32) % 7 < 6 ? row((i - 32) / 7, (i - 32) % 7) : 0.0;
    return x_at((i - 60) / 5 * 6 + (i - 60) % 5);
  });
}

TEST(Pipe, AllocatorHandsOutMemoryInOrder) {
  COVERS("LocalMemAllocator", "Hardware", "Alloc");
  const auto kernel = [](Gm& gm) {
    LocalMemAllocator<Hardware::UB> memory;
    const auto a = memory.Alloc<float, kN>();
    const auto b = memory.Alloc<TPosition::VECCALC, half>(100);
    const auto c = memory.Alloc<TPosition::VECOUT, float, kN>();
    EXPECT_EQ(b.GetPhyAddr() - a.GetPhyAddr(), kN * 4u);
    EXPECT_EQ(c.GetPhyAddr() - b.GetPhyAddr(), 224u);  // whole blocks
    EXPECT_EQ(memory.GetCurAddr(), c.GetPhyAddr() + kN * 4);
    DataCopy(a, gm.gx, kN);
    sync<HardEvent::MTE2_V>();
    Muls(c, a, 2.0f, kN);
    sync<HardEvent::V_MTE3>();
    DataCopy(gm.gy, c, kN);
  };
  expect_right(kernel, kN, [](int i) { return 2 * x_at(i); });
  EXPECT_EQ(error_code(KernelType::aiv,
                       [] {
                         LocalMemAllocator<Hardware::UB> memory;
                         memory.Alloc<float>(1 << 20);
                       }),
            "ascendc.memory");
}

TEST(Pipe, ConversionsAndScales) {
  COVERS("Cast", "SetDeqScale", "RoundMode", "CAST_RINT", "CAST_FLOOR", "CAST_CEIL", "CAST_ROUND",
         "CAST_TRUNC", "CAST_NONE", "CAST_ODD", "int4b_t");
  std::vector<float> x;
  for (int i = 0; i < 128; ++i) x.push_back(static_cast<float>((i - 64) * 0.25));
  const auto rounded = [](RoundMode mode, double v) {
    switch (mode) {
      case RoundMode::CAST_FLOOR:
        return std::floor(v);
      case RoundMode::CAST_CEIL:
        return std::ceil(v);
      case RoundMode::CAST_TRUNC:
        return std::trunc(v);
      case RoundMode::CAST_ROUND:
        return std::round(v);
      default:
        return std::nearbyint(v);
    }
  };
  for (const RoundMode mode : {RoundMode::CAST_RINT, RoundMode::CAST_FLOOR, RoundMode::CAST_CEIL,
                               RoundMode::CAST_ROUND, RoundMode::CAST_TRUNC}) {
    const auto z = on_vector_core<float, float>(x, 8192, 640, [mode] {
      const auto a = ub<float>(0);
      Cast(ub<std::int32_t>(1024), a, mode, 128);
      Cast(ub<float>(8192), ub<std::int32_t>(1024), RoundMode::CAST_NONE, 128);
      Cast(ub<std::int16_t>(2048), a, mode, 128);
      Cast(ub<float>(8192 + 512), ub<std::int16_t>(2048), RoundMode::CAST_NONE, 128);
      Cast(ub<half>(3072), a, RoundMode::CAST_NONE, 128);
      Cast(ub<std::int8_t>(3584), ub<half>(3072), mode, 128);
      Cast(ub<half>(4096), ub<std::int8_t>(3584), RoundMode::CAST_NONE, 128);
      Cast(ub<float>(8192 + 1024), ub<half>(4096), RoundMode::CAST_NONE, 128);
      Cast(ub<float>(8192 + 1536), a, mode, 128);
      Cast(ub<bfloat16_t>(4608), a, RoundMode::CAST_RINT, 128);
      Cast(ub<float>(8192 + 2048), ub<bfloat16_t>(4608), RoundMode::CAST_NONE, 128);
    });
    for (std::size_t i = 0; i < 128; ++i) {
      for (std::size_t t = 0; t < 4; ++t) EXPECT_EQ(z[t * 128 + i], rounded(mode, x[i])) << t << ' ' << i;
      EXPECT_EQ(z[512 + i], x[i]);  // seven bits hold these
    }
  }
  // To odd: what is lost makes the last bit one.
  const auto odd = on_vector_core<float, half>({2049.0f, 2050.5f, 4.0f, -2048.5f, 0, 0, 0, 0}, 64, 16, [] {
    Cast(ub<half>(64), ub<float>(0), RoundMode::CAST_ODD, 8);
  });
  EXPECT_EQ(odd[0], 2050.0f);
  EXPECT_EQ(odd[1], 2050.0f);
  EXPECT_EQ(odd[2], 4.0f);
  EXPECT_EQ(odd[3], -2050.0f);
  const auto scaled = on_vector_core<std::int32_t, half>({1000, -3, 7, 8, 9, 10, 11, 12}, 64, 16, [] {
    SetDeqScale(static_cast<half>(0.25f));
    Cast(ub<half>(64), ub<std::int32_t>(0), RoundMode::CAST_NONE, 8);
  });
  EXPECT_EQ(scaled[0], 250.0f);
  EXPECT_EQ(scaled[1], -0.75f);
  // Two 4-bit numbers per byte, the lower first.
  std::vector<std::uint8_t> nibbles;
  for (int i = 0; i < 32; ++i) nibbles.push_back(static_cast<std::uint8_t>(i * 37));
  const auto wide = on_vector_core<std::uint8_t, half>(
      nibbles, 512, 64, [] { Cast(ub<half>(512), ub<int4b_t>(0), RoundMode::CAST_NONE, 64); });
  for (std::size_t i = 0; i < 64; ++i) {
    const int bits = nibbles[i / 2] >> (i % 2 * 4) & 15;
    EXPECT_EQ(wide[i], static_cast<float>(bits < 8 ? bits : bits - 16)) << i;
  }
}

}  // namespace
}  // namespace etalon::ascendc
