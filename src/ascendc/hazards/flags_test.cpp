// SPDX-License-Identifier: Apache-2.0
// Kernels of a few lines with one defect in the flags between pipes, and their correct forms.
#include "ascendc/hazards/test_kernels.h"

namespace etalon::ascendc {
namespace {

using namespace AscendC;

// y = 2 x by one tile, right.
void scale_tile(Gm& gm) {
  const auto a = tile(0), b = tile(1024);
  DataCopy(a, gm.gx, kN);
  sync<HardEvent::MTE2_V>();
  Muls(b, a, 2.0f, kN);
  sync<HardEvent::V_MTE3>();
  DataCopy(gm.gy, b, kN);
}

TEST(Hazards, FlagsInOrderAreClean) { EXPECT_TRUE(clean(check(KernelType::aiv, 1, scale_tile))); }

TEST(Hazards, ReadsBeforeTheTransferIn) {
  const auto f = check(KernelType::aiv, 1, [](Gm& gm) {
    const auto a = tile(0), b = tile(1024);
    AT("copy") DataCopy(a, gm.gx, kN);
    AT("muls") Muls(b, a, 2.0f, kN);
    sync<HardEvent::V_MTE3>();
    DataCopy(gm.gy, b, kN);
  });
  EXPECT_FINDING(f, "hazard.raw", "muls", "copy", "bytes 0 to 1023 of UB",
                 "SetFlag<HardEvent::MTE2_V>(id) after", "block 0 on vector core 0", "EnQue and DeQue");
}

TEST(Hazards, StoresBeforeTheResult) {
  const auto f = check(KernelType::aiv, 1, [](Gm& gm) {
    const auto a = tile(0), b = tile(1024);
    DataCopy(a, gm.gx, kN);
    sync<HardEvent::MTE2_V>();
    AT("muls") Muls(b, a, 2.0f, kN);
    AT("store") DataCopy(gm.gy, b, kN);
  });
  EXPECT_FINDING(f, "hazard.raw", "store", "muls", "bytes 1024 to 2047", "HardEvent::V_MTE3");
}

TEST(Hazards, LoadsOverWhatIsStillRead) {
  const auto f = check(KernelType::aiv, 1, [](Gm& gm) {
    const auto a = tile(0), b = tile(1024);
    for (std::uint32_t i = 0; i < 4; ++i) {
      AT("load") DataCopy(a, gm.gx[i * kN], kN);
      sync<HardEvent::MTE2_V>();
      if (i > 0) WaitFlag<HardEvent::MTE3_V>(0);
      AT("muls") Muls(b, a, 2.0f, kN);
      sync<HardEvent::V_MTE3>();
      DataCopy(gm.gy[i * kN], b, kN);
      if (i < 3) SetFlag<HardEvent::MTE3_V>(0);
    }
  });
  EXPECT_FINDING(f, "hazard.war", "load", "muls", "HardEvent::V_MTE2", "FreeTensor and AllocTensor",
                 "; 3 times");
}

TEST(Hazards, ComputesOverWhatIsStillStored) {
  const auto f = check(KernelType::aiv, 1, [](Gm& gm) {
    const auto b = tile(1024);
    Duplicate(b, 1.0f, kN);
    sync<HardEvent::V_MTE3>();
    AT("store") DataCopy(gm.gy, b, kN);
    AT("over") Duplicate(b, 2.0f, kN);
    sync<HardEvent::V_MTE3>();
    DataCopy(gm.gz, b, kN);
  });
  EXPECT_FINDING(f, "hazard.war", "over", "store", "HardEvent::MTE3_V");
}

TEST(Hazards, TwoPipesWriteTheSameBytes) {
  const auto f = check(KernelType::aiv, 1, [](Gm& gm) {
    const auto a = tile(0);
    AT("copy") DataCopy(a, gm.gx, kN);
    AT("clear") Duplicate(tile(512), 0.0f, 64);
    PipeBarrier<PIPE_ALL>();
    DataCopy(gm.gy, a, kN);
  });
  EXPECT_FINDING(f, "hazard.waw", "clear", "copy", "bytes 512 to 767 of UB");
}

TEST(Hazards, DoubleBufferWithoutFlagsBack) {
  const auto f = check(KernelType::aiv, 1, [](Gm& gm) {
    for (std::uint32_t i = 0; i < 4; ++i) {
      const int half = static_cast<int>(i % 2);
      const auto a = tile(i % 2 * 1024), b = tile(2048 + i % 2 * 1024);
      AT("load") DataCopy(a, gm.gx[i * kN], kN);
      sync<HardEvent::MTE2_V>(half);
      if (i > 1) WaitFlag<HardEvent::MTE3_V>(half);
      AT("muls") Muls(b, a, 2.0f, kN);
      sync<HardEvent::V_MTE3>(half);
      DataCopy(gm.gy[i * kN], b, kN);
      if (i < 2) SetFlag<HardEvent::MTE3_V>(half);
    }
  });
  EXPECT_FINDING(f, "hazard.war", "load", "muls", "; 2 times");
}

TEST(Hazards, DoubleBufferWithFlagsBackIsClean) {
  EXPECT_TRUE(clean(check(KernelType::aiv, 1, [](Gm& gm) {
    for (int i = 0; i < 2; ++i) SetFlag<HardEvent::V_MTE2>(i), SetFlag<HardEvent::MTE3_V>(i);
    for (std::uint32_t i = 0; i < 6; ++i) {
      const int half = static_cast<int>(i % 2);
      const auto a = tile(i % 2 * 1024), b = tile(2048 + i % 2 * 1024);
      WaitFlag<HardEvent::V_MTE2>(half);
      DataCopy(a, gm.gx[i * kN], kN);
      sync<HardEvent::MTE2_V>(half);
      WaitFlag<HardEvent::MTE3_V>(half);
      Muls(b, a, 2.0f, kN);
      SetFlag<HardEvent::V_MTE2>(half);
      sync<HardEvent::V_MTE3>(half);
      DataCopy(gm.gy[i * kN], b, kN);
      SetFlag<HardEvent::MTE3_V>(half);
    }
    for (int i = 0; i < 2; ++i) WaitFlag<HardEvent::V_MTE2>(i), WaitFlag<HardEvent::MTE3_V>(i);
  })));
}

TEST(Hazards, FlagSetTooEarly) {
  const auto f = check(KernelType::aiv, 1, [](Gm& gm) {
    const auto a = tile(0);
    AT("set") SetFlag<HardEvent::MTE2_V>(0);
    AT("copy") DataCopy(a, gm.gx, kN);
    WaitFlag<HardEvent::MTE2_V>(0);
    AT("muls") Muls(a, a, 2.0f, kN);
    sync<HardEvent::V_MTE3>();
    DataCopy(gm.gy, a, kN);
  });
  // It reads and overwrites the tile too soon: two clashes of one line.
  ASSERT_EQ(f.size(), 2u) << text_of(f);
  EXPECT_EQ(f[0].code, "hazard.raw");
  EXPECT_EQ(f[1].code, "hazard.waw");
  EXPECT_NE(f[0].text.find(fmt::format("is set too early, at {}:{}", __FILE__, marked_lines()["set"])),
            std::string::npos)
      << text_of(f);
}

TEST(Hazards, FlagWaitedForTooLate) {
  const auto f = check(KernelType::aiv, 1, [](Gm& gm) {
    const auto a = tile(0), b = tile(1024);
    AT("copy") DataCopy(a, gm.gx, kN);
    AT("set") SetFlag<HardEvent::MTE2_V>(0);
    AT("muls") Muls(b, a, 2.0f, kN);
    WaitFlag<HardEvent::MTE2_V>(0);
    sync<HardEvent::V_MTE3>();
    DataCopy(gm.gy, b, kN);
  });
  EXPECT_FINDING(f, "hazard.raw", "muls", "copy", "but not waited for before");
}

TEST(Hazards, FlagsOfDifferentIds) {
  const auto f = check(KernelType::aiv, 1, [](Gm& gm) {
    const auto a = tile(0), b = tile(1024);
    DataCopy(a, gm.gx, kN);
    AT("set") SetFlag<HardEvent::MTE2_V>(0);
    AT("wait") WaitFlag<HardEvent::MTE2_V>(1);
    Muls(b, a, 2.0f, kN);
    sync<HardEvent::V_MTE3>();
    DataCopy(gm.gy, b, kN);
  });
  EXPECT_FINDING(f, "hazard.wait-without-set", "wait", "set", "use the same id in both");
}

TEST(Hazards, WaitThatNothingEnds) {
  const auto f = check(KernelType::aiv, 1, [](Gm& gm) {
    AT("wait") WaitFlag<HardEvent::V_MTE2>(3);
    scale_tile(gm);
  });
  EXPECT_FINDING(f, "hazard.wait-without-set", "wait", "", "pipe MTE2 hangs");
}

TEST(Hazards, WaitBeforeItsSet) {
  const auto f = check(KernelType::aiv, 1, [](Gm& gm) {
    const auto a = tile(0), b = tile(1024);
    DataCopy(a, gm.gx, kN);
    AT("wait") WaitFlag<HardEvent::MTE2_V>(0);
    SetFlag<HardEvent::MTE2_V>(0);
    Muls(b, a, 2.0f, kN);
    sync<HardEvent::V_MTE3>();
    DataCopy(gm.gy, b, kN);
  });
  EXPECT_FINDING(f, "hazard.wait-without-set", "wait", "", "nothing before it sets");
}

TEST(Hazards, FlagSetTwice) {
  const auto f = check(KernelType::aiv, 1, [](Gm& gm) {
    const auto a = tile(0), b = tile(1024);
    DataCopy(a, gm.gx, kN / 2);
    AT("first") SetFlag<HardEvent::MTE2_V>(0);
    DataCopy(a[kN / 2], gm.gx, kN / 2);
    AT("second") SetFlag<HardEvent::MTE2_V>(0);
    WaitFlag<HardEvent::MTE2_V>(0);
    Muls(b, a, 2.0f, kN);
    sync<HardEvent::V_MTE3>();
    DataCopy(gm.gy, b, kN);
  });
  EXPECT_FINDING(f, "hazard.flag-set-twice", "second", "first", "or another id");
}

TEST(Hazards, FlagIdOfAQueue) {
  const auto f = check(KernelType::aiv, 1, [](Gm& gm) {
    TPipe pipe;
    TQue<TPosition::VECIN, 1> in;
    pipe.InitBuffer(in, 1, 1024);
    auto a = in.AllocTensor<float>();
    DataCopy(a, gm.gx, kN);
    AT("enque") in.EnQue(a);
    AT("raw") SetFlag<HardEvent::MTE2_V>(0);
    a = in.DeQue<float>();
    in.FreeTensor(a);
  });
  EXPECT_FINDING(f, "hazard.flag-set-twice", "raw", "enque", "a TQue uses this id");
}

TEST(Hazards, SetThatNobodyWaitsFor) {
  const auto f = check(KernelType::aiv, 2, [](Gm& gm) {
    scale_tile(gm);
    if (GetBlockIdx() == 0) return;
    AT("set") SetFlag<HardEvent::MTE3_V>(1);
  });
  // Both blocks store the same bytes: that race is a finding of its own.
  ASSERT_EQ(f.size(), 2u) << text_of(f);
  EXPECT_EQ(f[0].code, "hazard.race");
  EXPECT_EQ(f[1].code, "hazard.set-without-wait");
  EXPECT_TRUE(f[1].where.ends_with(fmt::format(":{}", marked_lines()["set"]))) << text_of(f);
}

TEST(Hazards, ScalarReadsBeforeTheVectorUnitWrote) {
  const auto f = check(KernelType::aiv, 1, [](Gm& gm) {
    const auto a = tile(0);
    AT("dup") Duplicate(a, 3.0f, kN);
    AT("get") gm.gy.SetValue(0, a.GetValue(0));
  });
  EXPECT_WARNING(f, "hazard.raw", "get", "dup", "HardEvent::V_S", "bytes 0 to 3 of UB");
}

TEST(Hazards, VectorUnitReadsBeforeTheScalarWrote) {
  const auto f = check(KernelType::aiv, 1, [](Gm& gm) {
    const auto a = tile(0), b = tile(1024);
    Duplicate(a, 3.0f, kN);
    sync<HardEvent::V_S>();
    AT("set") a.SetValue(5, 1.0f);
    AT("muls") Muls(b, a, 2.0f, kN);
    sync<HardEvent::V_MTE3>();
    DataCopy(gm.gy, b, kN);
  });
  EXPECT_WARNING(f, "hazard.raw", "muls", "set", "HardEvent::S_V", "bytes 20 to 23 of UB");
}

// With the flag in place the later store would come after the load as well.
TEST(Hazards, AnInsertedFlagOrdersWhatFollowsIt) {
  const auto f = check(KernelType::aiv, 1, [](Gm& gm) {
    const auto a = tile(0);
    AT("load") DataCopy(a, gm.gx, kN);
    AT("get") const float first = a.GetValue(0);
    sync<HardEvent::S_MTE3>();
    DataCopy(gm.gy, a, kN);
    if (first < 0) Duplicate(a, 3.0f, kN);
  });
  EXPECT_WARNING(f, "hazard.raw", "get", "load", "HardEvent::MTE2_S");
}

TEST(Hazards, ScalarAccessWithFlagsIsClean) {
  EXPECT_TRUE(clean(check(KernelType::aiv, 1, [](Gm& gm) {
    const auto a = tile(0), b = tile(1024);
    Duplicate(a, 3.0f, kN);
    sync<HardEvent::V_S>();
    a.SetValue(5, a.GetValue(4));
    sync<HardEvent::S_V>();
    Muls(b, a, 2.0f, kN);
    sync<HardEvent::V_MTE3>();
    DataCopy(gm.gy, b, kN);
  })));
}

TEST(Hazards, ScalarWaitOrdersWhatIsDispatchedLater) {
  EXPECT_TRUE(clean(check(KernelType::aiv, 1, [](Gm& gm) {
    const auto a = tile(0), b = tile(1024);
    DataCopy(a, gm.gx, kN);
    sync<HardEvent::MTE2_S>();
    Muls(b, a, 2.0f, kN);
    sync<HardEvent::V_MTE3>();
    DataCopy(gm.gy, b, kN);
  })));
}

TEST(Hazards, ReadsBackBeforeTheStoreHasEnded) {
  const auto f = check(KernelType::aiv, 1, [](Gm& gm) {
    const auto a = tile(0), b = tile(1024);
    Duplicate(a, 3.0f, kN);
    sync<HardEvent::V_MTE3>();
    AT("store") DataCopy(gm.gz, a, kN);
    AT("load") DataCopy(b, gm.gz[128], 64);
    sync<HardEvent::MTE2_MTE3>();
    DataCopy(gm.gy, b, 64);
  });
  EXPECT_FINDING(f, "hazard.raw", "load", "store", "bytes 512 to 767 of a device buffer",
                 "HardEvent::MTE3_MTE2");
}

TEST(Hazards, VectorBarrierIsAdviceOnly) {
  const auto f = check(KernelType::aiv, 1, [](Gm& gm) {
    const auto a = tile(0), b = tile(1024);
    AT("dup") Duplicate(a, 3.0f, kN);
    AT("muls") Muls(b, a, 2.0f, kN);
    PipeBarrier<PIPE_V>();
    Muls(b, b, 2.0f, kN);
    sync<HardEvent::V_MTE3>();
    DataCopy(gm.gy, b, kN);
  });
  EXPECT_TRUE(one_finding(f, Severity::note, "hazard.vector-barrier", __FILE__, "muls", "dup",
                          {"PipeBarrier<PIPE_V>()"}));
}

TEST(Hazards, FindingsAreTheSameEveryTime) {
  const auto kernel = [](Gm& gm) {
    Duplicate(tile(0), 1.0f, kN);
    DataCopy(gm.gy[static_cast<std::uint64_t>(GetBlockIdx())], tile(0), kN);
    Duplicate(tile(512), 1.0f, kN);
  };
  EXPECT_EQ(check(KernelType::aiv, 8, kernel), check(KernelType::aiv, 8, kernel));
}

}  // namespace
}  // namespace etalon::ascendc
