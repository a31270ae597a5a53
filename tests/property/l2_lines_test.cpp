// SPDX-License-Identifier: Apache-2.0
// The blocks of L2 against exact lines on a fixed set of programs: time and bytes from memory within 1%.
// The caches are small against the data, so that what stays and what leaves matters.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <stdexcept>
#include <string>

#include "catalog/catalog.h"
#include "chip/npu.h"
#include "kernels/npu/programs.h"

namespace etalon {
namespace {

constexpr double kAgreement = 0.01;
// Rows that begin inside lines: two tiles share the line at their border; lines fetch it once, blocks charge
// it to both.
constexpr double kAgreementUnaligned = 0.08;
// With one buffer a core waits for what it pushes out: a dirty block leaves whole, lines as they are needed.
constexpr double kAgreementEvicting = 0.02;

// A 910B1 with `capacity` of L2, in blocks as shipped or in lines.
catalog::Chip chip_with(const std::string& capacity, bool lines) {
  std::string name = (std::filesystem::temp_directory_path() / "etalon-l2-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
  const std::filesystem::path folder = name, file = folder / "small.toml";
  const auto fact = [](const std::string& key, const std::string& value) {
    return fmt::format("{} = {{ value = \"{}\", basis = \"guess\", source = \"etalon\" }}\n", key, value);
  };
  std::ofstream(file) << "schema = 1\nname = \"small\"\ntitle = \"small\"\nbase = \"ascend-910b1\"\n[l2]\n"
                      << fact("capacity", capacity) << (lines ? fact("block", "512 B") : "");
  auto chip = catalog::find_chip(file.string());
  std::filesystem::remove_all(folder);
  if (!chip) throw std::runtime_error(chip.error().text());
  return *std::move(chip);
}

struct Case {
  const char* name;  // for the output
  const char* capacity;
  const char* program;
  const char* params;
  double agreement = kAgreement;
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

class Programs : public testing::TestWithParam<Case> {};

TEST_P(Programs, BlocksAgreeWithLines) {
  const Case& c = GetParam();
  const auto params = kernels::parse_program_params(c.params);
  ASSERT_TRUE(params) << params.error().text();
  double us[2] = {};
  for (bool lines : {false, true}) {
    const auto time = kernels::program_metric(chip_with(c.capacity, lines), c.program, *params, "core_us");
    ASSERT_TRUE(time) << time.error().text();
    us[lines ? 1 : 0] = *time;
  }
  fmt::print("{:24} blocks {:10.3f} us, lines {:10.3f} us\n", c.name, us[0], us[1]);
  EXPECT_NEAR(us[0] / us[1], 1.0, c.agreement);
}

constexpr const char* kSteps[] = {
    "m=2048;n=2048;k=2048;dtype=fp16;cores=24;split=4x6;single_m=512;single_n=384;base_m=128;base_n=128;"
    "base_k=64;l1_blocks=single",
    "m=2048;n=2048;k=2048;dtype=fp16;cores=24;split=4x6;single_m=512;single_n=384;base_m=128;base_n=128;"
    "base_k=64;l1_blocks=multi;depth_a1=8;depth_b1=8",
    "m=2048;n=1536;k=1024;dtype=fp16;cores=24;split=4x6;single_m=512;single_n=256;base_m=128;base_n=256;"
    "base_k=64;l1_blocks=multi;depth_a1=16;depth_b1=8;tiling=constant;unit_flag=1",
    "m=2000;n=1990;k=1000;dtype=fp16;cores=24;split=4x6;single_m=512;single_n=384;base_m=128;base_n=128;"
    "base_k=64;l1_blocks=multi;depth_a1=8;depth_b1=8"};

INSTANTIATE_TEST_SUITE_P(Matmul, Programs,
                         testing::Values(Case{"matmul, single", "8 MiB", "matmul", kSteps[0]},
                                         Case{"matmul, multi", "8 MiB", "matmul", kSteps[1]},
                                         Case{"matmul, all fits", "192 MiB", "matmul", kSteps[1]},
                                         Case{"matmul, unit flag", "4 MiB", "matmul", kSteps[2]},
                                         Case{"matmul, odd sizes", "16 MiB", "matmul", kSteps[3],
                                              kAgreementUnaligned}));

INSTANTIATE_TEST_SUITE_P(
    Streams, Programs,
    testing::Values(
        Case{"read once", "8 MiB", "read", "rows=1536;cols=3072;path=GM_TO_UB;tile=64x1024;cores=48"},
        Case{"read 4 times", "6 MiB", "read",
             "rows=1536;cols=3072;path=GM_TO_UB;tile=64x1024;cores=48;passes=4;order=whole"},
        Case{"read by slices", "6 MiB", "read",
             "rows=1536;cols=3072;path=GM_TO_L1_ND2NZ;tile=64x768;cores=24;passes=4;order=4 column slices"},
        Case{"narrow rows", "8 MiB", "read", "rows=1536;cols=3072;path=GM_TO_UB;tile=64x64;cores=48"},
        Case{"all read all", "8 MiB", "read",
             "rows=1024;cols=512;path=GM_TO_UB;tile=128x64;cores=48;order=staggered"},
        Case{"odd columns", "9 MiB", "read",
             "rows=1536;cols=3071;path=GM_TO_UB;tile=64x1024;cores=48;passes=2;order=2 column slices",
             kAgreementUnaligned},
        Case{"add", "48 MiB", "elementwise",
             "op=add;rows=4096;cols=4096;dtype=fp16;cores=48;copy_elements=8192;buffers=2"},
        Case{"add, one buffer", "48 MiB", "elementwise",
             "op=add;rows=4096;cols=4096;dtype=fp16;cores=48;copy_elements=16384;buffers=1",
             kAgreementEvicting}));

// The traffic of attention: each core keeps its queries and reads all keys and values, 128 at a time, and
// sends scores and probabilities through L2 and back.
chip::RunStats attention(const catalog::Chip& chip) {
  chip::Machine machine(chip::npu_machine_spec(chip));
  constexpr std::int64_t kKeys = 4096, kTile = 128 * 128 * 2, kHeads = 12;
  const auto keys = machine.allocate(kHeads * kKeys * 256), values = machine.allocate(kHeads * kKeys * 256);
  const auto scratch = machine.allocate(24 * 4 * kTile);
  return machine.run(24, [&](chip::Core& core) {
    const auto head = static_cast<chip::Address>(core.index() / 2) * kKeys * 256;
    for (std::int64_t step = 0; step < 2 * kKeys / 128; ++step) {  // two blocks of queries
      const std::int64_t k = step % (kKeys / 128);
      const auto at = head + static_cast<chip::Address>(k * kTile);
      const auto mine = scratch + static_cast<chip::Address>((core.index() * 4 + k % 4) * kTile);
      const auto move = [&](chip::NpuPipe pipe, chip::NpuPath path, chip::Address address, bool write) {
        chip::Instruction i;
        i.pipe = static_cast<chip::PipeId>(pipe);
        i.path = static_cast<std::uint8_t>(path);
        i.access = write ? chip::Access::write : chip::Access::read;
        i.region = {address, 1, kTile, kTile};
        core.issue(i);
      };
      move(chip::NpuPipe::mte2, chip::NpuPath::gm_l1, keys + at, false);
      move(chip::NpuPipe::fixpipe, chip::NpuPath::l0c_gm, mine, true);
      move(chip::NpuPipe::mte2, chip::NpuPath::gm_l1, mine, false);
      move(chip::NpuPipe::mte2, chip::NpuPath::gm_l1, values + at, false);
    }
  });
}

TEST(Attention, BlocksAgreeWithLines) {
  for (const char* capacity : {"12 MiB", "192 MiB"}) {
    const auto blocks = attention(chip_with(capacity, false)), lines = attention(chip_with(capacity, true));
    fmt::print("attention, {:13} blocks {:10.3f} us, lines {:10.3f} us\n", capacity, blocks.time.value * 1e6,
               lines.time.value * 1e6);
    EXPECT_NEAR(blocks.time.value / lines.time.value, 1.0, kAgreement) << capacity;
    EXPECT_NEAR(blocks.hbm_read.value / lines.hbm_read.value, 1.0, kAgreement) << capacity;
  }
}

}  // namespace
}  // namespace etalon
