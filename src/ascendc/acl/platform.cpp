// SPDX-License-Identifier: Apache-2.0
// Facts of the chip for host code that plans its tiling (platform_ascendc).
#include "ascendc/acl/include/tiling/platform/platform_ascendc.h"
#include "ascendc/acl/launch_abi.h"
#include "ascendc/acl/runtime.h"
#include "chip/npu.h"

using namespace etalon::ascendc;

namespace {

std::uint64_t memory_bytes(const etalon::catalog::Chip& chip, const etalon::chip::NpuCosts& costs,
                           platform_ascendc::CoreMemType memory) {
  using platform_ascendc::CoreMemType;
  const auto fact = [&](const char* path) {
    return chip.has(path) ? static_cast<std::uint64_t>(chip.get<etalon::Bytes>(path).value) : 0;
  };
  switch (memory) {
    case CoreMemType::L0_A:
      return static_cast<std::uint64_t>(costs.l0a_size);
    case CoreMemType::L0_B:
      return static_cast<std::uint64_t>(costs.l0b_size);
    case CoreMemType::L0_C:
      return static_cast<std::uint64_t>(costs.l0c_size);
    case CoreMemType::L1:
      return static_cast<std::uint64_t>(costs.l1_size);
    case CoreMemType::UB:
      return static_cast<std::uint64_t>(costs.ub_size);
    case CoreMemType::FB:
      return static_cast<std::uint64_t>(costs.fb_size);
    case CoreMemType::BT:
      return static_cast<std::uint64_t>(costs.bt_size);
    case CoreMemType::L2:
      return fact("l2.capacity");
    case CoreMemType::HBM:
      return fact("hbm.capacity");
    default:
      return 0;
  }
}

// Bytes per cycle and core: what all cores together get, shared.
std::uint64_t memory_rate(const etalon::catalog::Chip& chip, const etalon::chip::NpuCosts& costs,
                          platform_ascendc::CoreMemType memory) {
  const char* path = memory == platform_ascendc::CoreMemType::L2    ? "l2.bandwidth"
                     : memory == platform_ascendc::CoreMemType::HBM ? "hbm.bandwidth"
                                                                    : nullptr;
  if (path == nullptr || !chip.has(path) || costs.cubes == 0) return 0;
  const double clock = chip.get<etalon::Hertz>("clock.max").value;
  return static_cast<std::uint64_t>(chip.get<etalon::BytesPerSecond>(path).value / clock / costs.cubes);
}

}  // namespace

extern "C" {

uint64_t etalon_platform(uint32_t what, uint32_t memory) {
  const Lock lock(Runtime::get().mutex);
  const auto chip = Runtime::get().chip();
  if (!chip) return 0;
  const etalon::chip::NpuCosts costs = etalon::chip::npu_costs(**chip);
  const auto type = static_cast<platform_ascendc::CoreMemType>(memory);
  switch (what) {
    case ETALON_PLATFORM_CUBES:
      return static_cast<uint64_t>(costs.cubes);
    case ETALON_PLATFORM_VECTORS:
      return static_cast<uint64_t>(costs.vectors);
    case ETALON_PLATFORM_MEMORY_BYTES:
      return memory_bytes(**chip, costs, type);
    case ETALON_PLATFORM_MEMORY_RATE:
      return memory_rate(**chip, costs, type);
    case ETALON_PLATFORM_IS_DAV_3510:
      return etalon::chip::is_dav_3510(**chip) ? 1 : 0;
    default:
      return 0;
  }
}

const char* etalon_chip_name(void) {
  const Lock lock(Runtime::get().mutex);
  const auto chip = Runtime::get().chip();
  return chip ? (*chip)->name.c_str() : "";
}

}  // extern "C"
