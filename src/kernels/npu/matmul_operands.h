// SPDX-License-Identifier: Apache-2.0
#pragma once

// The ways of the operands of a matrix product: device memory to L1 (row-major or fractals), L1 to L0A and
// L0B in the layouts the cube reads, whichever way the operand is stored.

#include "ascendc/api/kernel_operator.h"
#include "kernels/npu/matmul_tiling.h"

namespace etalon::kernels::npu {

template <class T>
class MatmulOperands {
 protected:
  static constexpr std::int64_t kC0 = 32 / static_cast<std::int64_t>(sizeof(T));
  static constexpr bool kWord = sizeof(T) == 4, kByte = sizeof(T) == 1;
  // Rows of a K-major operand in L1 come in blocks that the transposing load takes.
  static constexpr std::int64_t kRows = kByte ? 32 : 16;

  // Rows x columns of a row-major matrix into L1: fractal columns, or (for transposing loads of 32-bit words)
  // one fractal row of 16 after another.
  __aicore__ void to_l1(const AscendC::LocalTensor<T>& l1, const AscendC::GlobalTensor<T>& gm,
                        std::int64_t rows, std::int64_t columns, std::int64_t pitch, std::int64_t row_block,
                        bool k_major) {
    using namespace AscendC;
    using matmul_detail::align;
    if (k_major && kWord) {
      const std::int64_t whole = rows / 16, rest = rows % 16, width = align(columns, 16);
      if (whole > 0) {
        DataCopy(l1, gm,
                 Nd2NzParams(static_cast<std::uint16_t>(whole), 16, static_cast<std::uint32_t>(columns),
                             static_cast<std::uint32_t>(16 * pitch), static_cast<std::uint32_t>(pitch), 16, 1,
                             static_cast<std::uint32_t>(16 * width)));
      }
      if (rest > 0) {
        DataCopy(l1[static_cast<std::uint32_t>(whole * 16 * width)],
                 gm[static_cast<std::uint64_t>(whole * 16 * pitch)],
                 Nd2NzParams(1, static_cast<std::uint16_t>(rest), static_cast<std::uint32_t>(columns), 0,
                             static_cast<std::uint32_t>(pitch), 16, 1, 0));
      }
      return;
    }
    DataCopy(l1, gm,
             Nd2NzParams(1, static_cast<std::uint16_t>(rows), static_cast<std::uint32_t>(columns), 0,
                         static_cast<std::uint32_t>(pitch),
                         static_cast<std::uint16_t>(align(rows, row_block)), 1, 0));
  }
  // The same part of a matrix stored in fractals, `pitch` rows of 32 bytes to a column: columns lie whole.
  __aicore__ void fractals_to_l1(const AscendC::LocalTensor<T>& l1, const AscendC::GlobalTensor<T>& gm,
                                 std::int64_t rows, std::int64_t columns, std::int64_t pitch,
                                 std::int64_t row_block) {
    using namespace AscendC;
    const std::int64_t high = matmul_detail::align(rows, row_block),
                       count = matmul_detail::ceil_div(columns, kC0);
    constexpr std::int64_t kLargestGap = 65535;
    const std::int64_t at_once = pitch - high <= kLargestGap ? count : 1;
    for (std::int64_t done = 0; done < count; done += at_once) {
      DataCopy(l1[static_cast<std::uint32_t>(done * high * kC0)],
               gm[static_cast<std::uint64_t>(done * pitch * kC0)],
               DataCopyParams(static_cast<std::uint16_t>(at_once), static_cast<std::uint16_t>(high),
                              static_cast<std::uint16_t>(at_once > 1 ? pitch - high : 0), 0));
    }
  }

  // L1 to L0A: fractal rows of 16 x C0, row by row.
  __aicore__ void to_l0a(const AscendC::LocalTensor<T>& l0, const AscendC::LocalTensor<T>& l1, std::int64_t m,
                         std::int64_t k_chunk, std::int64_t k0, std::int64_t k) {
    using namespace AscendC;
    using matmul_detail::align;
    using matmul_detail::ceil_div;
    if (!t_.trans_a) {
      LoadData3DParamsV2<T> p;
      p.l1H = 1;
      p.l1W = static_cast<std::uint16_t>(align(m, 16));
      p.channelSize = static_cast<std::uint16_t>(align(k_chunk, kC0));
      p.kExtension = static_cast<std::uint16_t>(align(k, kC0));
      p.mExtension = static_cast<std::uint16_t>(align(m, 16));
      p.kStartPt = static_cast<std::uint16_t>(k0);
      LoadData(l0, l1, p);
      return;
    }
    const std::int64_t m1 = ceil_div(m, 16);
    if (etalon_asc_current->dav_3510 != 0) {  // L0A's fractals lie column by column
      const auto m16 = static_cast<std::uint16_t>(align(m, kByte ? 32 : 16) / 16);  // as Mmad counts
      const auto columns = static_cast<std::uint16_t>(ceil_div(m, kC0));
      if (kWord) {  // in L1 strips of 16 rows of K
        const auto wide = static_cast<std::uint32_t>(align(m, 16) / 8);
        for (std::int64_t i = 0; i < ceil_div(k, 16); ++i) {
          LoadData(l0[static_cast<std::uint32_t>(i * 2 * m1 * 128)],
                   l1[static_cast<std::uint32_t>((k0 / 16 + i) * wide * 128)],
                   LoadData2DParamsV2(0, 0, 1, static_cast<std::uint16_t>(wide), 1, m16, true));
        }
        return;
      }
      const std::int64_t unit = kByte ? 32 : 16;
      LoadData(l0, l1,
               LoadData2DParamsV2(static_cast<std::uint32_t>(k0 / 16), 0,
                                  static_cast<std::uint16_t>(align(k, unit) / 16), columns,
                                  static_cast<std::int32_t>(align(k_chunk, unit) / 16), m16, true));
      return;
    }
    if (kWord) {
      const std::int64_t blocks = align(m, 16) / 16, k16 = ceil_div(k, 16);
      for (std::int64_t i = 0; i < m1; ++i) {
        LoadDataWithTranspose(l0[static_cast<std::uint32_t>(i * k16 * 2 * 128)], l1,
                              LoadData2dTransposeParams(static_cast<std::uint16_t>(k0 / 16 * blocks + i),
                                                        static_cast<std::uint8_t>(k16),
                                                        static_cast<std::uint16_t>(blocks), 1, 0));
      }
    } else if (kByte) {
      const std::int64_t rows = align(k_chunk, 32) / 32, k32 = ceil_div(k, 32);
      for (std::int64_t i = 0; i < ceil_div(m, 32); ++i) {
        LoadDataWithTranspose(l0[static_cast<std::uint32_t>(i * 2 * k32 * 512)], l1,
                              LoadData2dTransposeParams(static_cast<std::uint16_t>(i * rows + k0 / 32),
                                                        static_cast<std::uint8_t>(k32), 1, 0,
                                                        static_cast<std::uint16_t>(k32 - 1)));
      }
    } else {
      const std::int64_t rows = align(k_chunk, 16) / 16, k16 = ceil_div(k, 16);
      for (std::int64_t i = 0; i < m1; ++i) {
        LoadData(l0[static_cast<std::uint32_t>(i * k16 * 256)], l1,
                 LoadData2DParams(static_cast<std::uint16_t>(i * rows + k0 / 16),
                                  static_cast<std::uint8_t>(k16), 1, 0, 0, true, 0));
      }
    }
  }

  // L1 to L0B: rows of fractals by K, inside each column by column.
  __aicore__ void to_l0b(const AscendC::LocalTensor<T>& l0, const AscendC::LocalTensor<T>& l1, std::int64_t n,
                         std::int64_t k_chunk, std::int64_t k0, std::int64_t k) {
    using namespace AscendC;
    using matmul_detail::align;
    using matmul_detail::ceil_div;
    if (t_.trans_b) {
      const std::int64_t n1 = ceil_div(n, 16), count = ceil_div(k, kC0) * n1;
      for (std::int64_t done = 0; done < count; done += 255) {
        const std::int64_t repeat = matmul_detail::min(255, count - done);
        LoadData(l0[static_cast<std::uint32_t>(done * 16 * kC0)], l1,
                 LoadData2DParams(static_cast<std::uint16_t>(k0 / kC0 * n1 + done),
                                  static_cast<std::uint8_t>(repeat), 1, 0, 0, false, 0));
      }
      return;
    }
    if (kWord) {
      const std::int64_t n16 = ceil_div(n, 16);
      for (std::int64_t i = 0; i < ceil_div(k, 16); ++i) {
        LoadDataWithTranspose(l0[static_cast<std::uint32_t>(i * 2 * n16 * 128)], l1,
                              LoadData2dTransposeParams(static_cast<std::uint16_t>((k0 / 16 + i) * n16),
                                                        static_cast<std::uint8_t>(n16), 1, 0,
                                                        static_cast<std::uint16_t>(n16 - 1)));
      }
    } else if (kByte) {
      const std::int64_t rows = align(k_chunk, 32) / 32, n32 = ceil_div(n, 32);
      for (std::int64_t i = 0; i < ceil_div(k, 32); ++i) {
        LoadDataWithTranspose(
            l0[static_cast<std::uint32_t>(i * 2 * n32 * 512)], l1,
            LoadData2dTransposeParams(static_cast<std::uint16_t>(k0 / 32 + i), static_cast<std::uint8_t>(n32),
                                      static_cast<std::uint16_t>(rows), 1, 0));
      }
    } else {
      const std::int64_t rows = align(k_chunk, 16) / 16, n16 = ceil_div(n, 16);
      for (std::int64_t i = 0; i < ceil_div(k, 16); ++i) {
        LoadData(l0[static_cast<std::uint32_t>(i * n16 * 256)], l1,
                 LoadData2DParams(static_cast<std::uint16_t>(k0 / 16 + i), static_cast<std::uint8_t>(n16),
                                  static_cast<std::uint16_t>(rows), 0, 0, true, 0));
      }
    }
  }

  MatmulTiling t_;
};

}  // namespace etalon::kernels::npu
