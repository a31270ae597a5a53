// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a program may ask of the chip it plans for: cores and memories, from the chip's facts.

#include <cstdint>

extern "C" {
uint64_t etalon_platform(uint32_t what, uint32_t memory);
}

namespace fe {
class PlatFormInfos;  // of the vendor's graph engine; taken and not looked at
}

namespace platform_ascendc {

enum class CoreMemType {
  L0_A = 0,
  L0_B = 1,
  L0_C = 2,
  L1 = 3,
  L2 = 4,
  UB = 5,
  HBM = 6,
  FB = 7,
  BT = 8,
  RESERVED
};
enum class SocVersion {
  ASCEND910 = 0,
  ASCEND910B = 1,
  ASCEND310P = 2,
  ASCEND310B = 3,
  ASCEND910_95 = 4,
  RESERVED_VERSION = 99999
};

class PlatformAscendC {
 public:
  PlatformAscendC() = default;
  explicit PlatformAscendC(fe::PlatFormInfos*) {}

  std::uint32_t GetCoreNumAic() const { return value(0); }
  std::uint32_t GetCoreNumAiv() const { return value(1); }
  std::uint32_t GetCoreNum() const { return GetCoreNumAic(); }
  std::uint32_t GetCoreNumVector() const { return 0; }  // vector cores beyond those of the AI cores: none
  SocVersion GetSocVersion() const {
    return value(4) != 0 ? SocVersion::ASCEND910_95 : SocVersion::ASCEND910B;
  }
  void GetCoreMemSize(const CoreMemType& memory, std::uint64_t& size) const {
    size = etalon_platform(2, static_cast<std::uint32_t>(memory));
  }
  // Bytes per cycle of one core.
  void GetCoreMemBw(const CoreMemType& memory, std::uint64_t& rate) const {
    rate = etalon_platform(3, static_cast<std::uint32_t>(memory));
  }
  // Blocks to launch for so many slices of work on mixed cores.
  std::uint32_t CalcTschBlockDim(std::uint32_t slices, std::uint32_t cubes, std::uint32_t vectors) const {
    if (cubes == 0 || vectors == 0 || cubes > vectors) return slices;
    const std::uint32_t per_cube = vectors / cubes;
    const std::uint32_t blocks = (slices + per_cube - 1) / per_cube;
    return blocks;
  }
  std::uint32_t CalcTschNumBlocks(std::uint32_t slices, std::uint32_t cubes, std::uint32_t vectors) const {
    return CalcTschBlockDim(slices, cubes, vectors);
  }
  // Workspace that our high-level objects keep for themselves.
  std::uint32_t GetLibApiWorkSpaceSize() const { return 16u << 20; }
  std::uint32_t GetResCubeGroupWorkSpaceSize() const { return 16u << 20; }
  std::uint32_t GetResGroupBarrierWorkSpaceSize() const { return 16u << 20; }

 private:
  std::uint32_t value(std::uint32_t what) const {
    return static_cast<std::uint32_t>(etalon_platform(what, 0));
  }
};

class PlatformAscendCManager {
 public:
  static PlatformAscendC* GetInstance() {
    static PlatformAscendC platform;
    return &platform;
  }
  // The chip is the one the program is run for; a name given here does not change it.
  static PlatformAscendC* GetInstance(const char*) { return GetInstance(); }

  PlatformAscendCManager() = delete;
};

}  // namespace platform_ascendc
