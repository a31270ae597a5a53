// SPDX-License-Identifier: Apache-2.0
#pragma once

// The ways of an operand of a Matmul: device memory to L1, L1 to L0A and L0B. A stored matrix (rows x columns
// as memory has it; of a transposed operand the rows are not those of the product) becomes in L1 fractal
// columns of 32 bytes, `height` rows each. Only 32-bit words that the load turns around lie there in rows of
// fractals, 16 rows each. Sizes are elements; of int4b_t, bytes.

#include "ascendc/cube.h"
#include "types.h"

namespace AscendC {
namespace detail {
namespace mm {

// Fractals of L0A follow one another by rows, on dav-3510 by columns.
#if defined(__NPU_ARCH__) && __NPU_ARCH__ == 3510
constexpr bool kL0aColumns = true;
#else
constexpr bool kL0aColumns = false;
#endif

// A stored matrix in L1, and where in it the load begins.
struct InL1 {
  std::uint32_t at;  // byte
  std::int64_t height, width, row, column;
};

template <class T>
struct Operand {
  using Raw = typename Element<T>::Raw;
  static constexpr std::int64_t kC0 = 32 / static_cast<std::int64_t>(sizeof(Raw));
  static constexpr bool kWord = sizeof(Raw) == 4, kByte = sizeof(Raw) == 1;
  // Rows of an operand that the load turns around come in blocks of so many.
  static constexpr std::int64_t kRows = kByte ? 32 : 16;

  static LocalTensor<Raw> l1(std::uint32_t byte) { return LocalTensor<Raw>(TPosition::A1, byte, 0); }

  // `turned`: the load to L0 will transpose. `row_by_row`: pitches beyond what one transfer takes.
  static void to_l1(std::uint32_t at, const Raw* from, std::int64_t rows, std::int64_t columns,
                    std::int64_t pitch, bool turned, bool row_by_row) {
    GlobalTensor<Raw> gm;
    gm.SetGlobalBuffer(const_cast<Raw*>(from));
    const std::int64_t height = align(rows, turned ? kRows : 16);
    if (pitch > 65535 && rows > 1) {
      if (!row_by_row)
        etalon_asc_fail(
            "ascendc.matmul",
            "rows of 65536 elements and more need a MatmulConfig with intrinsicsCheck (the first argument "
            "of GetNormalConfig and GetMDLConfig)");
      for (std::int64_t r = 0; r < rows; ++r) {
        const std::int64_t to = turned && kWord ? r / 16 * 16 * align(columns, 16) + r % 16 * kC0 : r * kC0;
        copy(l1(at)[static_cast<std::uint32_t>(to)], gm[static_cast<std::uint64_t>(r * pitch)], 1, columns, 1,
             turned && kWord ? 16 : height);
      }
      return;
    }
    if (!turned || !kWord) return copy(l1(at), gm, rows, columns, pitch, height);
    const std::int64_t whole = rows / 16, rest = rows % 16, width = align(columns, 16);
    if (whole > 0) {
      DataCopy(l1(at), gm,
               Nd2NzParams(static_cast<std::uint16_t>(whole), 16, static_cast<std::uint32_t>(columns),
                           static_cast<std::uint32_t>(16 * pitch), static_cast<std::uint32_t>(pitch), 16, 1,
                           static_cast<std::uint32_t>(16 * width)));
    }
    if (rest > 0)
      copy(l1(at)[static_cast<std::uint32_t>(whole * 16 * width)],
           gm[static_cast<std::uint64_t>(whole * 16 * pitch)], rest, columns, pitch, 16);
  }
  static void copy(const LocalTensor<Raw>& to, const GlobalTensor<Raw>& gm, std::int64_t rows,
                   std::int64_t columns, std::int64_t pitch, std::int64_t height) {
    DataCopy(to, gm,
             Nd2NzParams(1, static_cast<std::uint16_t>(rows), static_cast<std::uint32_t>(columns), 0,
                         static_cast<std::uint32_t>(pitch), static_cast<std::uint16_t>(height), 1, 0));
  }
  // From a matrix in fractals, `pitch` rows to a column, from its first byte on; `row` is a multiple of 16.
  static void fractals_to_l1(std::uint32_t at, const Raw* matrix, std::int64_t row, std::int64_t column,
                             std::int64_t rows, std::int64_t columns, std::int64_t pitch, bool turned) {
    if (turned && kWord)
      etalon_asc_fail("ascendc.matmul",
                      "a Matmul of float turns NZ operands around for nobody: give them as ND, or "
                      "stored the other way round");
    GlobalTensor<Raw> gm;
    gm.SetGlobalBuffer(const_cast<Raw*>(matrix));
    const std::int64_t height = align(rows, turned ? kRows : 16), high = least(height, pitch - row),
                       count = up(columns, kC0);
    const std::int64_t at_once = pitch - high <= 65535 ? count : 1;
    for (std::int64_t done = 0; done < count; done += at_once) {
      DataCopy(l1(at)[static_cast<std::uint32_t>(done * height * kC0)],
               gm[static_cast<std::uint64_t>(((column / kC0 + done) * pitch + row) * kC0)],
               DataCopyParams(static_cast<std::uint16_t>(at_once), static_cast<std::uint16_t>(high),
                              static_cast<std::uint16_t>(at_once > 1 ? pitch - high : 0),
                              static_cast<std::uint16_t>(height - high)));
    }
  }

  // m x k of A. Stored m x k, or turned k x m.
  static void to_l0a(const LocalTensor<Raw>& l0, const InL1& s, std::int64_t m, std::int64_t k, bool turned) {
    const LocalTensor<Raw> from = l1(s.at);
    if (!turned) {
      LoadData3DParamsV2<Raw> p;
      p.l1H = 1;
      p.l1W = static_cast<std::uint16_t>(s.height);
      p.channelSize = static_cast<std::uint16_t>(align(s.width, kC0));
      p.kExtension = static_cast<std::uint16_t>(align(k, kC0));
      p.mExtension = static_cast<std::uint16_t>(align(m, 16));
      p.kStartPt = static_cast<std::uint16_t>(s.column);
      p.mStartPt = static_cast<std::uint16_t>(s.row);
      LoadData(l0, from, p);
      return;
    }
    if (kL0aColumns)
      columns_to_l0a(l0, s, up(m, kRows), up(k, kRows));
    else
      rows_to_l0a(l0, s, up(m, kRows), up(k, kRows));
  }

  // k x n of B: rows of fractals by k, columns of them by n. Stored n x k, or turned k x n.
  static void to_l0b(const LocalTensor<Raw>& l0, const InL1& s, std::int64_t n, std::int64_t k, bool turned) {
    const LocalTensor<Raw> from = l1(s.at);
    if (!turned) {
      const std::int64_t high = s.height / 16, n1 = up(n, 16), k1 = up(k, kC0), first = s.column / kC0;
      if (n1 == high) {  // whole columns follow one another
        for (std::int64_t done = 0; done < k1 * n1; done += 255)
          plain(l0, done, from, first * high + done, least(255, k1 * n1 - done));
        return;
      }
      for (std::int64_t i = 0; i < k1; ++i) plain(l0, i * n1, from, (first + i) * high + s.row / 16, n1);
      return;
    }
    const std::int64_t rows = s.height / kRows, row = s.row / kRows, wide = up(n, kRows),
                       column = s.column / kRows;
    for (std::int64_t i = 0; i < up(k, kRows); ++i) {
      if (kWord) {
        const std::int64_t across = align(s.width, 16) / 16;
        square(l0, i * wide * 256, from, (row + i) * across + column, wide, 1, 0, wide - 1);
      } else if (kByte) {
        square(l0, i * 2 * wide * 512, from, column * rows + row + i, wide, rows, 1, 0);
      } else {
        LoadData(l0[static_cast<std::uint32_t>(i * wide * 256)], from,
                 LoadData2DParams(static_cast<std::uint16_t>(column * rows + row + i),
                                  static_cast<std::uint8_t>(wide), static_cast<std::uint16_t>(rows), 0, 0,
                                  true, 0));
      }
    }
  }

 private:
  // Blocks of m x k that the load turns around: a row of them at a time, or a column.
  static void rows_to_l0a(const LocalTensor<Raw>& l0, const InL1& s, std::int64_t high, std::int64_t deep) {
    const LocalTensor<Raw> from = l1(s.at);
    const std::int64_t rows = s.height / kRows, first = s.column / kRows * rows + s.row / kRows;
    const std::int64_t across = align(s.width, 16) / 16;
    for (std::int64_t i = 0; i < high; ++i) {
      if (kWord)
        square(l0, i * deep * 256, from, s.row / 16 * across + s.column / 16 + i, deep, across, 1, 0);
      else if (kByte)
        square(l0, i * 2 * deep * 512, from, first + i * rows, deep, 1, 0, deep - 1);
      else
        turned_fractals(l0, i * deep, from, first + i * rows, deep, 1);
    }
  }
  static void columns_to_l0a(const LocalTensor<Raw>& l0, const InL1& s, std::int64_t high,
                             std::int64_t deep) {
    const LocalTensor<Raw> from = l1(s.at);
    const std::int64_t rows = s.height / kRows, first = s.column / kRows * rows + s.row / kRows;
    const std::int64_t across = align(s.width, 16) / 16;
    for (std::int64_t i = 0; i < deep; ++i) {
      if (kWord)
        square(l0, i * high * 256, from, (s.row / 16 + i) * across + s.column / 16, high, 1, 0, high - 1);
      else if (kByte)
        square(l0, i * 2 * high * 512, from, first + i, high, rows, 1, 0);
      else
        turned_fractals(l0, i * high, from, first + i, high, rows);
    }
  }
  static void turned_fractals(const LocalTensor<Raw>& l0, std::int64_t to, const LocalTensor<Raw>& from,
                              std::int64_t fractal, std::int64_t count, std::int64_t stride) {
    LoadData(l0[static_cast<std::uint32_t>(to * 256)], from,
             LoadData2DParams(static_cast<std::uint16_t>(fractal), static_cast<std::uint8_t>(count),
                              static_cast<std::uint16_t>(stride), 0, 0, true, 0));
  }
  static void plain(const LocalTensor<Raw>& l0, std::int64_t to, const LocalTensor<Raw>& from,
                    std::int64_t fractal, std::int64_t count) {
    LoadData(l0[static_cast<std::uint32_t>(to * 16 * kC0)], from,
             LoadData2DParams(static_cast<std::uint16_t>(fractal), static_cast<std::uint8_t>(count), 1, 0, 0,
                              false, 0));
  }
  static void square(const LocalTensor<Raw>& l0, std::int64_t to, const LocalTensor<Raw>& from,
                     std::int64_t start, std::int64_t repeat, std::int64_t stride, std::int64_t gap,
                     std::int64_t fractal_gap) {
    LoadDataWithTranspose(
        l0[static_cast<std::uint32_t>(to)], from,
        LoadData2dTransposeParams(static_cast<std::uint16_t>(start), static_cast<std::uint8_t>(repeat),
                                  static_cast<std::uint16_t>(stride), static_cast<std::uint16_t>(gap),
                                  static_cast<std::uint16_t>(fractal_gap)));
  }
};

}  // namespace mm
}  // namespace detail
}  // namespace AscendC
