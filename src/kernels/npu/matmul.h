// SPDX-License-Identifier: Apache-2.0
#pragma once

// Matrix product on the cube cores, in Ascend C: C[M,N] = op(A) * op(B), fp32 (int32) accumulation.
//
// The output is cut into blocks of singleM x singleN (x a share of K), dealt to cores in turn; a block into
// base tiles whose sum stays in L0C; the K of a tile into steps of baseK. One transfer from GM brings stepKa
// (stepKb) steps of A (B) into one of its L1 buffers; with two buffers the next transfers run while the cube
// works, over tile borders too. L0A and L0B are double buffered when two steps fit, L0C when two tiles fit.
//
// Grouped: the rows of A belong to groups (experts) in order, each with a matrix B of its own; a list in
// device memory says how many rows each has, possibly none.

#include "kernels/npu/matmul_operands.h"

namespace etalon::kernels::npu {

// A and B hold T; C holds O.
template <class T, class O>
class Matmul : MatmulOperands<T> {
  using Acc = typename matmul_detail::Accumulator<T>::type;
  using Base = MatmulOperands<T>;
  using Base::kByte;
  using Base::kC0;
  using Base::kRows;
  using Base::kWord;
  using Base::t_;
  static constexpr int kMostGroups = 1024;

 public:
  // `group_list`: t.groups int32 numbers of rows, or null. Shares of K go to C one behind the other (M x N).
  __aicore__ void Init(GM_ADDR a, GM_ADDR b, GM_ADDR c, GM_ADDR group_list, const MatmulTiling& tiling) {
    using namespace AscendC;
    using matmul_detail::align;
    t_ = tiling;
    a_.SetGlobalBuffer(reinterpret_cast<__gm__ T*>(a));
    b_.SetGlobalBuffer(reinterpret_cast<__gm__ T*>(b));
    c_.SetGlobalBuffer(reinterpret_cast<__gm__ O*>(c));
    if (t_.groups > kMostGroups)
      etalon_asc_fail("kernel.groups", "a grouped product takes 1024 groups at most");
    GlobalTensor<std::int32_t> list;
    list.SetGlobalBuffer(reinterpret_cast<__gm__ std::int32_t*>(group_list));
    for (std::int32_t g = 0; g < t_.groups; ++g)
      group_rows_[g] = list.GetValue(static_cast<std::uint64_t>(g));
    SetHF32Mode(t_.hf32);
    if (t_.a_resident && t_.k > std::int64_t{t_.buffers_a} * t_.step_ka * t_.base_k)
      etalon_asc_fail("kernel.resident", "A stays in L1 only if its buffers hold all of K");
    // Capacities in elements; both sides of a tile are rounded to what transposed 8-bit blocks need.
    tile_m_ = align(t_.base_m, kRows);
    tile_n_ = align(t_.base_n, kRows);
    tile_k_ = align(t_.base_k, kWord ? 16 : kC0);
    chunk_ka_ = std::int64_t{t_.step_ka} * t_.base_k;
    chunk_kb_ = std::int64_t{t_.step_kb} * t_.base_k;
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
    matmul_detail::TileCursor tile(&t_, t_.groups > 0 ? group_rows_ : nullptr, GetBlockIdx(), GetBlockNum());
    if (!tile.valid()) return;
    free_all();
    bool new_a = true, adding = false;
    while (tile.valid()) {
      matmul_detail::TileCursor next = tile;
      next.next();
      const bool keep_a = t_.a_resident && next.valid() && next.m0() == tile.m0() &&
                          next.k_begin() == tile.k_begin() && next.group() == tile.group();
      if ((tile.slice() > 0 || t_.accumulate) && !adding) {
        SetAtomicAdd<O>();
        adding = true;
      }
      compute_tile(tile, new_a, !keep_a);
      new_a = !keep_a;
      tile = next;
    }
    take_all();
    if (adding) SetAtomicNone();
  }

 private:
  template <class Step>
  __aicore__ void all_buffers(Step&& step) {
    using namespace AscendC;
    for (int i = 0; i < t_.buffers_a; ++i) step.template flag<HardEvent::MTE1_MTE2>(i);
    for (int i = 0; i < t_.buffers_b; ++i) step.template flag<HardEvent::MTE1_MTE2>(4 + i);
    for (int i = 0; i < l0_buffers_; ++i) step.template flag<HardEvent::M_MTE1>(i);
    for (int i = 0; i < l0c_buffers_ && !unit_flag_; ++i) step.template flag<HardEvent::FIX_M>(i);
  }
  struct Free {
    template <AscendC::HardEvent event>
    __aicore__ void flag(int i) {
      AscendC::SetFlag<event>(i);
    }
  };
  struct Take {
    template <AscendC::HardEvent event>
    __aicore__ void flag(int i) {
      AscendC::WaitFlag<event>(i);
    }
  };
  __aicore__ void free_all() { all_buffers(Free{}); }
  __aicore__ void take_all() { all_buffers(Take{}); }

  __aicore__ AscendC::LocalTensor<T> chunk_a(std::int64_t index) {
    return l1_.template Get<T>()[static_cast<std::uint32_t>(index % t_.buffers_a * chunk_a_)];
  }
  __aicore__ AscendC::LocalTensor<T> chunk_b(std::int64_t index) {
    return l1_.template Get<T>()[static_cast<std::uint32_t>(chunk_a_ * t_.buffers_a +
                                                            index % t_.buffers_b * chunk_b_)];
  }

  // The transfers of one chunk of K.
  __aicore__ void fetch_a(const matmul_detail::TileCursor& tile, std::int64_t k0, std::int64_t index) {
    using namespace AscendC;
    const std::int64_t k = matmul_detail::min(chunk_ka_, tile.k_end() - k0);
    const auto id = static_cast<std::int32_t>(index % t_.buffers_a);
    WaitFlag<HardEvent::MTE1_MTE2>(id);
    const auto from = [&](std::int64_t at) { return a_[static_cast<std::uint64_t>(at)]; };
    if (t_.nz_a)
      this->fractals_to_l1(chunk_a(index), from((k0 / kC0 * t_.lda + tile.m0()) * kC0), tile.m(), k, t_.lda,
                           16);
    else if (t_.trans_a)
      this->to_l1(chunk_a(index), from(k0 * t_.lda + tile.m0()), k, tile.m(), t_.lda, kRows, true);
    else
      this->to_l1(chunk_a(index), from(tile.m0() * t_.lda + k0), tile.m(), k, t_.lda, 16, false);
    SetFlag<HardEvent::MTE2_MTE1>(id);
  }
  __aicore__ void fetch_b(const matmul_detail::TileCursor& tile, std::int64_t k0, std::int64_t index) {
    using namespace AscendC;
    const std::int64_t k = matmul_detail::min(chunk_kb_, tile.k_end() - k0);
    const auto id = static_cast<std::int32_t>(4 + index % t_.buffers_b);
    const std::int64_t matrix = tile.group() * (t_.trans_b ? t_.n : t_.k) * t_.ldb;
    WaitFlag<HardEvent::MTE1_MTE2>(id);
    const auto from = [&](std::int64_t at) { return b_[static_cast<std::uint64_t>(matrix + at)]; };
    if (t_.nz_b)
      this->fractals_to_l1(chunk_b(index), from((tile.n0() / kC0 * t_.ldb + k0) * kC0), k, tile.n(), t_.ldb,
                           kRows);
    else if (t_.trans_b)
      this->to_l1(chunk_b(index), from(tile.n0() * t_.ldb + k0), tile.n(), k, t_.ldb, 16, false);
    else
      this->to_l1(chunk_b(index), from(k0 * t_.ldb + tile.n0()), k, tile.n(), t_.ldb, kRows, true);
    SetFlag<HardEvent::MTE2_MTE1>(id);
  }

  // `new_a`: A is fetched; `last_of_a`: its L1 buffers are given back.
  __aicore__ void compute_tile(const matmul_detail::TileCursor& tile, bool new_a, bool last_of_a) {
    using namespace AscendC;
    using matmul_detail::align;
    using matmul_detail::min;
    const std::int64_t m = tile.m(), n = tile.n(), end = tile.k_end();
    // A single row would switch the cube to its vector layout; garbage rows beyond m are never stored.
    const std::int64_t cube_m = align(m, t_.trans_a && kByte ? 32 : 16),
                       cube_n = align(n, !t_.trans_b && kByte ? 32 : 16);
    const auto c_id = static_cast<std::int32_t>(tiles_ % l0c_buffers_);
    const LocalTensor<Acc> l0c =
        l0c_.template Get<Acc>()[static_cast<std::uint32_t>(c_id * tile_m_ * tile_n_)];
    if (!unit_flag_) WaitFlag<HardEvent::FIX_M>(c_id);
    std::int64_t index_a = used_a_;
    for (std::int64_t k0 = tile.k_begin(); k0 < end; k0 += t_.base_k) {
      const std::int64_t k = min(t_.base_k, end - k0), done = k0 - tile.k_begin();
      const std::int64_t in_a = done % chunk_ka_, in_b = done % chunk_kb_;
      const bool first_of_a = in_a == 0 && new_a, last = k0 + t_.base_k >= end;
      if (first_of_a) fetch_a(tile, k0, index_a);
      if (in_b == 0) fetch_b(tile, k0, used_b_);
      const auto id_a = static_cast<std::int32_t>(index_a % t_.buffers_a);
      const auto id_b = static_cast<std::int32_t>(4 + used_b_ % t_.buffers_b);
      const auto id = static_cast<std::int32_t>(steps_++ % l0_buffers_);
      const LocalTensor<T> l0a = l0a_.template Get<T>()[static_cast<std::uint32_t>(id * tile_m_ * tile_k_)];
      const LocalTensor<T> l0b = l0b_.template Get<T>()[static_cast<std::uint32_t>(id * tile_n_ * tile_k_)];
      WaitFlag<HardEvent::M_MTE1>(id);
      // Both operands are there before either is loaded, and both buffers are given back after both loads.
      if (first_of_a) WaitFlag<HardEvent::MTE2_MTE1>(id_a);
      if (in_b == 0) WaitFlag<HardEvent::MTE2_MTE1>(id_b);
      this->to_l0a(l0a, chunk_a(index_a), m, min(chunk_ka_, end - (k0 - in_a)), in_a, k);
      this->to_l0b(l0b, chunk_b(used_b_), n, min(chunk_kb_, end - (k0 - in_b)), in_b, k);
      SetFlag<HardEvent::MTE1_M>(id);
      if (last || in_a + t_.base_k >= chunk_ka_) {
        if (last_of_a) SetFlag<HardEvent::MTE1_MTE2>(id_a);
        ++index_a;
      }
      if (last || in_b + t_.base_k >= chunk_kb_) {
        SetFlag<HardEvent::MTE1_MTE2>(id_b);
        ++used_b_;
      }
      WaitFlag<HardEvent::MTE1_M>(id);
      MmadParams p;
      p.m = static_cast<std::uint16_t>(cube_m);
      p.n = static_cast<std::uint16_t>(cube_n);
      p.k = static_cast<std::uint16_t>(k);
      p.kDirectionAlign = kWord && t_.trans_a;
      p.cmatrixInitVal = done == 0;
      p.unitFlag = static_cast<std::uint8_t>(unit_flag_ ? (last ? 3 : 2) : 0);
      Mmad(l0c, l0a, l0b, p);
      SetFlag<HardEvent::M_MTE1>(id);
    }
    if (last_of_a) used_a_ = index_a;
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
    constexpr bool kInteger = std::is_same<Acc, std::int32_t>::value;
    if (std::is_same<O, half>::value) f.quantPre = kInteger ? DEQF16 : F322F16;
    if (std::is_same<O, bfloat16_t>::value) f.quantPre = F322BF16;
    std::uint32_t scale = 0;
    __builtin_memcpy(&scale, &t_.scale, sizeof(scale));
    f.deqScalar = scale;
    if (!unit_flag_) {
      SetFlag<HardEvent::M_FIX>(c_id);
      WaitFlag<HardEvent::M_FIX>(c_id);
    }
    const std::int64_t at = (tile.share() * t_.m + tile.m0()) * t_.ldc + tile.n0();
    Fixpipe(c_[static_cast<std::uint64_t>(at)], l0c, f);
    if (!unit_flag_) SetFlag<HardEvent::FIX_M>(c_id);
  }

  AscendC::TPipe pipe_;
  AscendC::TBuf<AscendC::TPosition::A1> l1_;
  AscendC::TBuf<AscendC::TPosition::A2> l0a_;
  AscendC::TBuf<AscendC::TPosition::B2> l0b_;
  AscendC::TBuf<AscendC::TPosition::CO1> l0c_;
  AscendC::GlobalTensor<T> a_, b_;
  AscendC::GlobalTensor<O> c_;
  std::int64_t group_rows_[kMostGroups];
  std::int64_t tile_m_ = 0, tile_n_ = 0, tile_k_ = 0, chunk_a_ = 0, chunk_b_ = 0, chunk_ka_ = 0,
               chunk_kb_ = 0;
  std::int64_t steps_ = 0, tiles_ = 0, used_a_ = 0,
               used_b_ = 0;  // steps and tiles done, chunks given back
  int l0_buffers_ = 2, l0c_buffers_ = 1;
  bool unit_flag_ = false;
};

template <class T, class O>
__global__ __aicore__ void matmul_kernel(GM_ADDR a, GM_ADDR b, GM_ADDR c, const MatmulTiling& tiling) {
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_AIC_ONLY);
  Matmul<T, O> op;
  op.Init(a, b, c, nullptr, tiling);
  op.Process();
}

// `group_list`: int32 rows of each group; B holds one matrix per group, one behind the other.
template <class T, class O>
__global__ __aicore__ void grouped_matmul_kernel(GM_ADDR a, GM_ADDR b, GM_ADDR c, GM_ADDR group_list,
                                                 const MatmulTiling& tiling) {
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_AIC_ONLY);
  Matmul<T, O> op;
  op.Init(a, b, c, group_list, tiling);
  op.Process();
}

}  // namespace etalon::kernels::npu
