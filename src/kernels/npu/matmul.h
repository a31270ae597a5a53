// SPDX-License-Identifier: Apache-2.0
#pragma once

// Matrix product on the cube cores, in Ascend C: C[M,N] = op(A) * op(B), fp32 (int32) accumulation.
//
// The output is cut into blocks of singleM x singleN (x a share of K), dealt to cores in turn; a block into
// base tiles whose sum stays in L0C; the K of a tile into steps of baseK. One transfer from GM brings stepKa
// (stepKb) steps of A (B) into one of its L1 buffers; with two buffers the next transfers run while the cube
// works, over tile borders too. L0A and L0B are double buffered when two steps fit, L0C when two tiles fit.

#include "ascendc/api/kernel_operator.h"
#include "kernels/npu/matmul_tiling.h"

namespace etalon::kernels::npu {

// A and B hold T; C holds O. transA: A is stored [K, M]; transB: B is stored [N, K].
template <class T, class O, bool transA, bool transB>
class Matmul {
  using Acc = typename matmul_detail::Accumulator<T>::type;
  static constexpr std::int64_t kC0 = 32 / static_cast<std::int64_t>(sizeof(T));
  static constexpr bool kWord = sizeof(T) == 4, kByte = sizeof(T) == 1;
  // Rows of a K-major operand in L1 come in blocks that the transposing load takes.
  static constexpr std::int64_t kRows = kByte ? 32 : 16;

 public:
  __aicore__ void Init(GM_ADDR a, GM_ADDR b, GM_ADDR c, const MatmulTiling& tiling) {
    using namespace AscendC;
    using matmul_detail::align;
    t_ = tiling;
    a_.SetGlobalBuffer(reinterpret_cast<__gm__ T*>(a));
    b_.SetGlobalBuffer(reinterpret_cast<__gm__ T*>(b));
    c_.SetGlobalBuffer(reinterpret_cast<__gm__ O*>(c));
    // Capacities in elements; both sides of a tile are rounded to what transposed 8-bit blocks need.
    tile_m_ = align(t_.base_m, kRows);
    tile_n_ = align(t_.base_n, kRows);
    tile_k_ = align(t_.base_k, kWord ? 16 : kC0);
    chunk_a_ = tile_m_ * tile_k_ * t_.step_ka;
    chunk_b_ = tile_n_ * tile_k_ * t_.step_kb;
    pipe_.InitBuffer(
        l1_, static_cast<std::uint32_t>((chunk_a_ * t_.buffers_a + chunk_b_ * t_.buffers_b) * sizeof(T)));
    const auto l0a = static_cast<std::uint32_t>(tile_m_ * tile_k_ * sizeof(T));
    const auto l0b = static_cast<std::uint32_t>(tile_n_ * tile_k_ * sizeof(T));
    const std::uint32_t* room = etalon_asc_current->space_bytes;
    l0_buffers_ = 2 * l0a <= room[kAscL0a] && 2 * l0b <= room[kAscL0b] ? 2 : 1;
    pipe_.InitBuffer(l0a_, l0a * static_cast<std::uint32_t>(l0_buffers_));
    pipe_.InitBuffer(l0b_, l0b * static_cast<std::uint32_t>(l0_buffers_));
    const auto l0c = static_cast<std::uint32_t>(tile_m_ * tile_n_ * 4);
    l0c_buffers_ = 2 * l0c <= room[kAscL0c] ? 2 : 1;
    unit_flag_ = t_.unit_flag && l0c_buffers_ == 1;
    pipe_.InitBuffer(l0c_, l0c * static_cast<std::uint32_t>(l0c_buffers_));
  }

  __aicore__ void Process() {
    using namespace AscendC;
    const std::int64_t first = GetBlockIdx(), stride = GetBlockNum();
    load_a_.tile = load_b_.tile = matmul_detail::TileCursor(&t_, first, stride);
    matmul_detail::TileCursor tile(&t_, first, stride);
    if (!tile.valid()) return;
    load_a_.k = tile.k_begin();
    load_b_.k = tile.k_begin();
    if (t_.split_k > 1) SetAtomicAdd<O>();
    free_all();
    for (; tile.valid(); tile.next()) compute_tile(tile);
    take_all();
    if (t_.split_k > 1) SetAtomicNone();
  }

 private:
  // One operand's transfers run ahead of the cube by its number of buffers.
  struct Loads {
    matmul_detail::TileCursor tile;
    std::int64_t k = 0, issued = 0, used = 0;
  };

  __aicore__ void free_all() {
    using namespace AscendC;
    for (int i = 0; i < t_.buffers_a; ++i) SetFlag<HardEvent::MTE1_MTE2>(i);
    for (int i = 0; i < t_.buffers_b; ++i) SetFlag<HardEvent::MTE1_MTE2>(4 + i);
    for (int i = 0; i < l0_buffers_; ++i) SetFlag<HardEvent::M_MTE1>(i);
    for (int i = 0; i < l0c_buffers_ && !unit_flag_; ++i) SetFlag<HardEvent::FIX_M>(i);
  }
  __aicore__ void take_all() {
    using namespace AscendC;
    for (int i = 0; i < t_.buffers_a; ++i) WaitFlag<HardEvent::MTE1_MTE2>(i);
    for (int i = 0; i < t_.buffers_b; ++i) WaitFlag<HardEvent::MTE1_MTE2>(4 + i);
    for (int i = 0; i < l0_buffers_; ++i) WaitFlag<HardEvent::M_MTE1>(i);
    for (int i = 0; i < l0c_buffers_ && !unit_flag_; ++i) WaitFlag<HardEvent::FIX_M>(i);
  }

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

  __aicore__ AscendC::LocalTensor<T> chunk_a(std::int64_t index) {
    return l1_.template Get<T>()[static_cast<std::uint32_t>(index % t_.buffers_a * chunk_a_)];
  }
  __aicore__ AscendC::LocalTensor<T> chunk_b(std::int64_t index) {
    return l1_.template Get<T>()[static_cast<std::uint32_t>(chunk_a_ * t_.buffers_a +
                                                            index % t_.buffers_b * chunk_b_)];
  }

  __aicore__ void issue_a() {
    using namespace AscendC;
    const auto& tile = load_a_.tile;
    const std::int64_t k = matmul_detail::min(std::int64_t{t_.step_ka} * t_.base_k, tile.k_end() - load_a_.k);
    const auto id = static_cast<std::int32_t>(load_a_.issued % t_.buffers_a);
    WaitFlag<HardEvent::MTE1_MTE2>(id);
    if (transA) {
      to_l1(chunk_a(load_a_.issued), a_[static_cast<std::uint64_t>(load_a_.k * t_.lda + tile.m0())], k,
            tile.m(), t_.lda, kRows, true);
    } else {
      to_l1(chunk_a(load_a_.issued), a_[static_cast<std::uint64_t>(tile.m0() * t_.lda + load_a_.k)], tile.m(),
            k, t_.lda, 16, false);
    }
    SetFlag<HardEvent::MTE2_MTE1>(id);
    advance(load_a_, std::int64_t{t_.step_ka} * t_.base_k);
  }
  __aicore__ void issue_b() {
    using namespace AscendC;
    const auto& tile = load_b_.tile;
    const std::int64_t k = matmul_detail::min(std::int64_t{t_.step_kb} * t_.base_k, tile.k_end() - load_b_.k);
    const auto id = static_cast<std::int32_t>(4 + load_b_.issued % t_.buffers_b);
    WaitFlag<HardEvent::MTE1_MTE2>(id);
    if (transB) {
      to_l1(chunk_b(load_b_.issued), b_[static_cast<std::uint64_t>(tile.n0() * t_.ldb + load_b_.k)], tile.n(),
            k, t_.ldb, 16, false);
    } else {
      to_l1(chunk_b(load_b_.issued), b_[static_cast<std::uint64_t>(load_b_.k * t_.ldb + tile.n0())], k,
            tile.n(), t_.ldb, kRows, true);
    }
    SetFlag<HardEvent::MTE2_MTE1>(id);
    advance(load_b_, std::int64_t{t_.step_kb} * t_.base_k);
  }
  __aicore__ void advance(Loads& loads, std::int64_t by) {
    ++loads.issued;
    loads.k += by;
    if (loads.k < loads.tile.k_end()) return;
    loads.tile.next();
    if (loads.tile.valid()) loads.k = loads.tile.k_begin();
  }
  __aicore__ void load_ahead() {
    while (true) {
      const bool a = load_a_.tile.valid() && load_a_.issued < load_a_.used + (t_.preload ? t_.buffers_a : 1);
      const bool b = load_b_.tile.valid() && load_b_.issued < load_b_.used + (t_.preload ? t_.buffers_b : 1);
      if (!a && !b) return;
      // What is needed first goes first.
      if (a && (!b || (load_a_.issued - load_a_.used) <= (load_b_.issued - load_b_.used)))
        issue_a();
      else
        issue_b();
    }
  }

  // L1 to L0A: fractal rows of 16 x C0, row by row.
  __aicore__ void to_l0a(const AscendC::LocalTensor<T>& l0, const AscendC::LocalTensor<T>& l1, std::int64_t m,
                         std::int64_t k_chunk, std::int64_t k0, std::int64_t k) {
    using namespace AscendC;
    using matmul_detail::align;
    using matmul_detail::ceil_div;
    if (!transA) {
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
    if (transB) {
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

  __aicore__ void compute_tile(const matmul_detail::TileCursor& tile) {
    using namespace AscendC;
    using matmul_detail::align;
    using matmul_detail::min;
    const std::int64_t m = tile.m(), n = tile.n();
    // A single row would switch the cube to its vector layout; garbage rows beyond m are never stored.
    const std::int64_t cube_m = align(m, transA && kByte ? 32 : 16),
                       cube_n = align(n, !transB && kByte ? 32 : 16);
    const auto c_id = static_cast<std::int32_t>(tiles_ % l0c_buffers_);
    const LocalTensor<Acc> l0c =
        l0c_.template Get<Acc>()[static_cast<std::uint32_t>(c_id * tile_m_ * tile_n_)];
    if (!unit_flag_) WaitFlag<HardEvent::FIX_M>(c_id);
    const std::int64_t chunk_ka = std::int64_t{t_.step_ka} * t_.base_k,
                       chunk_kb = std::int64_t{t_.step_kb} * t_.base_k;
    for (std::int64_t k0 = tile.k_begin(); k0 < tile.k_end(); k0 += t_.base_k) {
      const std::int64_t k = min(t_.base_k, tile.k_end() - k0);
      const std::int64_t in_a = (k0 - tile.k_begin()) % chunk_ka, in_b = (k0 - tile.k_begin()) % chunk_kb;
      const auto id_a = static_cast<std::int32_t>(load_a_.used % t_.buffers_a);
      const auto id_b = static_cast<std::int32_t>(4 + load_b_.used % t_.buffers_b);
      if (in_a == 0 || in_b == 0) load_ahead();
      const auto id = static_cast<std::int32_t>(steps_++ % l0_buffers_);
      const LocalTensor<T> l0a = l0a_.template Get<T>()[static_cast<std::uint32_t>(id * tile_m_ * tile_k_)];
      const LocalTensor<T> l0b = l0b_.template Get<T>()[static_cast<std::uint32_t>(id * tile_n_ * tile_k_)];
      const bool last = k0 + t_.base_k >= tile.k_end();
      WaitFlag<HardEvent::M_MTE1>(id);
      // Both operands are there before either is loaded, and both buffers are given back after both loads.
      if (in_a == 0) WaitFlag<HardEvent::MTE2_MTE1>(id_a);
      if (in_b == 0) WaitFlag<HardEvent::MTE2_MTE1>(id_b);
      to_l0a(l0a, chunk_a(load_a_.used), m, min(chunk_ka, tile.k_end() - (k0 - in_a)), in_a, k);
      to_l0b(l0b, chunk_b(load_b_.used), n, min(chunk_kb, tile.k_end() - (k0 - in_b)), in_b, k);
      SetFlag<HardEvent::MTE1_M>(id);
      if (last || in_a + t_.base_k >= chunk_ka) {
        SetFlag<HardEvent::MTE1_MTE2>(id_a);
        ++load_a_.used;
      }
      if (last || in_b + t_.base_k >= chunk_kb) {
        SetFlag<HardEvent::MTE1_MTE2>(id_b);
        ++load_b_.used;
      }
      WaitFlag<HardEvent::MTE1_M>(id);
      MmadParams p;
      p.m = static_cast<std::uint16_t>(cube_m);
      p.n = static_cast<std::uint16_t>(cube_n);
      p.k = static_cast<std::uint16_t>(k);
      p.kDirectionAlign = kWord && transA;
      p.cmatrixInitVal = k0 == tile.k_begin();
      p.unitFlag = static_cast<std::uint8_t>(unit_flag_ ? (last ? 3 : 2) : 0);
      Mmad(l0c, l0a, l0b, p);
      SetFlag<HardEvent::M_MTE1>(id);
    }
    store(tile, l0c, c_id, cube_m);
    ++tiles_;
  }

  __aicore__ void store(const matmul_detail::TileCursor& tile, const AscendC::LocalTensor<Acc>& l0c,
                        std::int32_t c_id, std::int64_t cube_m) {
    using namespace AscendC;
    FixpipeParamsV220 f;
    f.nSize = static_cast<std::uint16_t>(tile.n());
    f.mSize = static_cast<std::uint16_t>(tile.m());
    f.srcStride = static_cast<std::uint16_t>(cube_m);
    f.dstStride = static_cast<std::uint32_t>(t_.ldc);
    f.unitFlag = static_cast<std::uint8_t>(unit_flag_ ? 3 : 0);
    if (std::is_same<O, half>::value) f.quantPre = kByte ? DEQF16 : F322F16;
    if (std::is_same<O, bfloat16_t>::value) f.quantPre = F322BF16;
    std::uint32_t scale = 0;
    __builtin_memcpy(&scale, &t_.scale, sizeof(scale));
    f.deqScalar = scale;
    if (!unit_flag_) {
      SetFlag<HardEvent::M_FIX>(c_id);
      WaitFlag<HardEvent::M_FIX>(c_id);
    }
    Fixpipe(c_[static_cast<std::uint64_t>(tile.m0() * t_.ldc + tile.n0())], l0c, f);
    if (!unit_flag_) SetFlag<HardEvent::FIX_M>(c_id);
  }

  MatmulTiling t_;
  AscendC::TPipe pipe_;
  AscendC::TBuf<AscendC::TPosition::A1> l1_;
  AscendC::TBuf<AscendC::TPosition::A2> l0a_;
  AscendC::TBuf<AscendC::TPosition::B2> l0b_;
  AscendC::TBuf<AscendC::TPosition::CO1> l0c_;
  AscendC::GlobalTensor<T> a_, b_;
  AscendC::GlobalTensor<O> c_;
  Loads load_a_, load_b_;
  std::int64_t tile_m_ = 0, tile_n_ = 0, tile_k_ = 0, chunk_a_ = 0, chunk_b_ = 0, steps_ = 0, tiles_ = 0;
  int l0_buffers_ = 2, l0c_buffers_ = 1;
  bool unit_flag_ = false;
};

template <class T, class O, bool transA = false, bool transB = false>
__global__ __aicore__ void matmul_kernel(GM_ADDR a, GM_ADDR b, GM_ADDR c, const MatmulTiling& tiling) {
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_AIC_ONLY);
  Matmul<T, O, transA, transB> op;
  op.Init(a, b, c, tiling);
  op.Process();
}

}  // namespace etalon::kernels::npu
