// SPDX-License-Identifier: Apache-2.0
// Every instruction of the interface costs what a fact says, on every chip that runs it.
#include "ascendc/costs.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "catalog/catalog.h"
#include "chip/npu.h"

namespace etalon::ascendc {
namespace {

TEST(Costs, EveryVectorInstructionHasANameAndACost) {
  for (const char* name : {"ascend-910b1", "ascend-910c", "ascend-950pr"}) {
    const auto chip = catalog::find_chip(name);
    ASSERT_TRUE(chip) << name;
    const InstructionCosts costs = chip::npu_costs(*chip);
    for (int op = 0; op < kAscOps; ++op) {
      const std::string said = name_of(static_cast<EtalonAscOp>(op));
      EXPECT_NE(said, "vector") << op;
      for (const int type : {kAscF16, kAscF32}) {
        etalon_asc_vector v = {};
        v.op = static_cast<std::uint16_t>(op);
        v.dst_type = v.src_type = static_cast<std::uint8_t>(type);
        v.repeat = 4;
        v.extra[2] = 128;
        EXPECT_GT(vector_cycles(v, costs), 0) << name << ' ' << said << ' ' << type;
        const double once = vector_cycles(v, costs);
        v.repeat = 8;
        EXPECT_NEAR(vector_cycles(v, costs), 2 * once, 1e-9) << said;
      }
    }
    for (const chip::TransferCost& t :
         {costs.gm_ub, costs.ub_gm, costs.gm_l1, costs.gm_l1_nd2nz, costs.l1_gm})
      EXPECT_GT(transfer_cycles(t, 1), 0) << name;
    int number = 0;
    for (const double cost :
         {costs.vector_minimum,  costs.load_start,     costs.mmad_start,      costs.macs_fp16,
          costs.macs_bf16,       costs.macs_int8,      costs.macs_fp32,       costs.macs_hf32,
          costs.l1_l0a,          costs.l1_l0b,         costs.l1_bt,           costs.l1_fb,
          costs.l0c_gm,          costs.l0c_l1,         costs.ub_ub,           costs.scalar_call,
          costs.scalar_flag,     costs.scalar_gm_read, costs.scalar_gm_write, costs.scalar_ub_read,
          costs.scalar_ub_write, costs.flag,           costs.cross_core_flag, costs.sync_all}) {
      EXPECT_GT(cost, 0) << name << ", number " << number;
      ++number;
    }
  }
}

TEST(Costs, GatherMaskTakesSoManyElementsAtATime) {
  etalon_asc_vector v = {};
  v.op = kAscGatherMask;
  v.dst_type = v.src_type = kAscF32;
  v.repeat = 3;
  EXPECT_EQ(repeats_of(v), 3);
  v.extra[0] = 70;  // more than 256 bytes of fp32
  EXPECT_EQ(repeats_of(v), 6);
}

}  // namespace
}  // namespace etalon::ascendc
