// SPDX-License-Identifier: Apache-2.0
#pragma once

// A Matmul on the cube core. K of a base block passes in steps of baseK; a ring of buffers in L1 per operand,
// two buffers of L0A, L0B and L0C each (if the tiling says so) keep all pipes at work, over the borders of
// blocks and of requests too: flags stay out between requests, and only another object that begins, or the
// end, takes them back.

#include <exception>

#include "callbacks.h"
#include "extras.h"
#include "operands.h"
#include "store.h"

namespace AscendC {
namespace detail {
namespace mm {

template <class A, class B, class C, class Bias, const auto& config, class Callbacks, int triangle>
class CubeCore {
  using T = typename A::T;
  using Raw = typename Element<T>::Raw;
  using Sum = typename Element<T>::Sum;
  using Op = Operand<T>;
  static constexpr const MatmulConfig& kConfig = config_of(config);
  static constexpr std::int64_t kPack = Element<T>::packed, kSize = sizeof(Raw);
  static constexpr bool kLocalA = in_l1(A::pos), kLocalB = in_l1(B::pos);

 public:
  CubeCore() = default;
  CubeCore(const CubeCore&) = delete;
  CubeCore& operator=(const CubeCore&) = delete;
  ~CubeCore() { end(); }
  // Gives the flags back; a later use takes them anew.
  void end() {
    if (pipe_ == nullptr || state().active != this) return;
    if (GetTPipePtr() == pipe_ && std::uncaught_exceptions() == 0) take_back();
    state().active = nullptr;
  }

  void init(const TCubeTiling* tiling, TPipe* pipe) {
    t_ = tiling;
    pipe_ = pipe;
    constexpr bool several = kConfig.doMultiDataLoad || kConfig.doSpecialMDL;
    if (t_->baseM <= 0 || t_->baseN <= 0 || t_->baseK <= 0)
      etalon_asc_fail("ascendc.matmul",
                      "the tiling of a Matmul has no base block: baseM, baseN and baseK are above 0");
    tile_m_ = align(t_->baseM, Op::kRows), tile_n_ = align(t_->baseN, Op::kRows);
    base_k_ = t_->baseK / kPack, tile_k_ = align(base_k_, Op::kWord ? 16 : Op::kC0);
    constexpr std::int64_t size = kSize;
    const std::int64_t l0a = tile_m_ * tile_k_ * size, l0b = tile_n_ * tile_k_ * size,
                       l0c = tile_m_ * tile_n_ * 4;
    a_.cut(t_->depthA1, t_->stepKa, several);
    b_.cut(t_->depthB1, t_->stepKb, several);
    if (Callbacks::CopyA1 != nullptr) a_.steps = 1;  // a callback brings one base block
    if (Callbacks::CopyB1 != nullptr) b_.steps = 1;
    a_.bytes = l0a * a_.steps, b_.bytes = l0b * b_.steps;
    const std::uint32_t* room = etalon_asc_current->space_bytes;
    const auto left = [&](int space) { return std::int64_t{room[space]} - pipe->first_free(space); };
    l0a_ = pipe->first_free(kAscL0a), l0b_ = pipe->first_free(kAscL0b), l0c_ = pipe->first_free(kAscL0c);
    if (l0a > left(kAscL0a) || l0b > left(kAscL0b) || l0c > left(kAscL0c))
      etalon_asc_fail("ascendc.matmul",
                      "a base block of the tiling does not fit: baseM x baseK and baseN x baseK into "
                      "L0A and L0B, baseM x baseN words into L0C");
    l0_buffers_ =
        t_->dbL0A != 1 && t_->dbL0B != 1 && 2 * l0a <= left(kAscL0a) && 2 * l0b <= left(kAscL0b) ? 2 : 1;
    l0c_buffers_ = t_->dbL0C != 1 && 2 * l0c <= left(kAscL0c) ? 2 : 1;
    // Several objects may have to share L1: then each keeps fewer blocks there.
    const auto need = [&] {
      return (kLocalA ? 0 : a_.bytes * a_.buffers) + (kLocalB ? 0 : b_.bytes * b_.buffers);
    };
    while (need() > left(kAscL1) && (a_.shrink(l0a) || b_.shrink(l0b))) {
    }
    TBuf<TPosition::A1> l1;
    if (!kLocalA) {
      pipe->InitBuffer(l1, static_cast<std::uint32_t>(a_.bytes * a_.buffers));
      a_.at = l1.template Get<Raw>().offset();
    }
    if (!kLocalB) {
      pipe->InitBuffer(l1, static_cast<std::uint32_t>(b_.bytes * b_.buffers));
      b_.at = l1.template Get<Raw>().offset();
    }
  }

  void serve(const etalon_matmul_request& r) {
    if ((r.work & kMatmulNothing) != 0) return;
    begin();
    r_ = &r;
    const Blocks blocks(r, *t_);
    SetHF32Mode(r.hf32 != 0);
    if ((r.work & kMatmulAll) != 0) {
      close();
      // One buffer of L0C: FixPipe follows the cube inside the block.
      unit_ = kConfig.enUnitFlag && l0c_buffers_ == 1 && Callbacks::DataCopyOut == nullptr;
      if (unit_) l0c_flags_[0].to_fill();
      std::int64_t following = next_wanted(blocks, -1);
      while (following < blocks.count()) {
        const std::int64_t block = following;
        following = next_wanted(blocks, block);
        compute(blocks, block, following, false);
        store(blocks, block, block);
      }
      if (unit_) l0c_flags_[0].empty();
      unit_ = false;
      return;
    }
    if (!blocks.wanted(r.block, triangle)) return;
    if ((r.work & kMatmulCompute) != 0) compute(blocks, r.block, blocks.count(), (r.work & kMatmulAdd) != 0);
    if ((r.work & kMatmulStore) != 0) store(blocks, r.block, 0);
  }
  void take_back() {
    close();
    for (int i = 0; i < a_.buffers; ++i) a_flags_[i].end(pipe_);
    for (int i = 0; i < b_.buffers; ++i) b_flags_[i].end(pipe_);
    for (int i = 0; i < l0_buffers_; ++i) l0_flags_[i].end(pipe_);
    for (int i = 0; i < l0c_buffers_; ++i) l0c_flags_[i].end(pipe_);
    bias_.end(pipe_);
    scales_.end(pipe_);
  }

 private:
  static std::int64_t next_wanted(const Blocks& blocks, std::int64_t block) {
    for (++block; block < blocks.count() && !blocks.wanted(block, triangle);) ++block;
    return block;
  }
  static void take_back_of(void* core) { static_cast<CubeCore*>(core)->take_back(); }
  void begin() {
    etalon_matmul_block& block = state();
    if (block.active == this) return;
    if (block.active != nullptr) block.take_back(block.active);
    block.active = this;
    block.take_back = &take_back_of;
    for (int i = 0; i < a_.buffers; ++i) a_flags_[i].begin(pipe_);
    for (int i = 0; i < b_.buffers; ++i) b_flags_[i].begin(pipe_);
    for (int i = 0; i < l0_buffers_; ++i) l0_flags_[i].begin(pipe_);
    for (int i = 0; i < l0c_buffers_; ++i) l0c_flags_[i].begin(pipe_);
  }
  // Gives up a block in L0C that nobody fetched.
  void close() {
    if (open_) l0c_flags_[slot_].empty();
    open_ = false;
  }

  void fetch_a(const Place& p, std::int64_t k0, std::int64_t k, std::int64_t index) {
    const bool turned = r_->a_transposed != 0;
    const L1Buffer& flags = a_flags_[index % a_.buffers];
    flags.to_fill();
    if (Callbacks::CopyA1 != nullptr) {
      Callbacks::CopyA1(
          LocalTensor<std::int8_t>(TPosition::A1, a_.buffer(index), static_cast<std::uint32_t>(a_.bytes)),
          r_->a, static_cast<int>(p.m0 / t_->baseM), static_cast<int>(k0 / base_k_), static_cast<int>(p.m),
          static_cast<int>(k * kPack), r_->user, r_->data);
    } else {
      fetch(A::format == CubeFormat::NZ, a_.buffer(index), r_->a, r_->pitch_a, turned ? k0 : p.m0,
            turned ? p.m0 : k0, turned ? k : p.m, turned ? p.m : k, turned);
    }
    flags.full();
  }
  void fetch_b(const Place& p, std::int64_t k0, std::int64_t k, std::int64_t index) {
    const bool turned = r_->b_transposed == 0;
    const L1Buffer& flags = b_flags_[index % b_.buffers];
    flags.to_fill();
    if (Callbacks::CopyB1 != nullptr) {
      Callbacks::CopyB1(
          LocalTensor<std::int8_t>(TPosition::B1, b_.buffer(index), static_cast<std::uint32_t>(b_.bytes)),
          r_->b, static_cast<int>(k0 / base_k_), static_cast<int>(p.n0 / t_->baseN),
          static_cast<int>(k * kPack), static_cast<int>(p.n), r_->user, r_->data);
    } else {
      fetch(B::format == CubeFormat::NZ, b_.buffer(index), r_->b, r_->pitch_b, turned ? k0 : p.n0,
            turned ? p.n0 : k0, turned ? k : p.n, turned ? p.n : k, turned);
    }
    flags.full();
  }
  static void fetch(bool nz, std::uint32_t to, const void* matrix, std::int64_t pitch, std::int64_t row,
                    std::int64_t column, std::int64_t rows, std::int64_t columns, bool turned) {
    const Raw* from = static_cast<const Raw*>(matrix);
    if (kPack > 1 && turned)
      etalon_asc_fail("ascendc.matmul",
                      "a Matmul of int4b_t takes A as M x K and B as N x K: two of K share a byte");
    if (nz) return Op::fractals_to_l1(to, from, row, column, rows, columns, pitch, turned);
    Op::to_l1(to, from + row * (pitch / kPack) + column, rows, columns, pitch / kPack, turned,
              kConfig.intrinsicsCheck);
  }
  // Where a step of K lies in L1; `outer` x `inner`: of the product's own axis and of K.
  static InL1 in_buffer(std::uint32_t at, bool turned, std::int64_t axis, std::int64_t k_chunk,
                        std::int64_t k) {
    if (turned) return {at, align(k_chunk, Op::kRows), axis, k, 0};
    return {at, align(axis, 16), k_chunk, 0, k};
  }
  static InL1 in_operand(std::uint32_t at, bool turned, std::int64_t axis, std::int64_t all_k,
                         std::int64_t begin, std::int64_t k) {
    if (turned && (Op::kWord || (Op::kByte && all_k % 32 != 0)))
      etalon_asc_fail("ascendc.matmul",
                      "operands in L1 that are turned around are of 16 bits, or of 8 with K a multiple "
                      "of 32: store them the other way round");
    if (turned) return {at, align(all_k, 16), align(axis, Op::kC0), k, begin};
    return {at, align(axis, 16), align(all_k, Op::kC0), begin, k};
  }

  // Base block `block` into L0C; `following`: the next of the same request.
  void compute(const Blocks& blocks, std::int64_t block, std::int64_t following, bool add) {
    const Place p = blocks.place(block);
    const std::int64_t end = r_->single_k / kPack, chunk_a = a_.steps * base_k_, chunk_b = b_.steps * base_k_;
    const bool turn_a = r_->a_transposed != 0, turn_b = r_->b_transposed == 0, new_a = !kept_a_,
               new_b = !kept_b_;
    const bool more = following < blocks.count();
    const Place next = more ? blocks.place(following) : p;
    kept_a_ = more && next.m0 == p.m0 && up(end, chunk_a) <= a_.buffers;
    kept_b_ = more && next.n0 == p.n0 && up(end, chunk_b) <= b_.buffers;
    // A single row would switch the cube to its vector layout; rows beyond m are never stored.
    l0c_rows_ = align(p.m, turn_a && Op::kByte ? 32 : 16);
    const std::int64_t cube_n = align(p.n, turn_b && Op::kByte ? 32 : 16);
    if (!add) {
      close();
      slot_ = (slot_ + 1) % l0c_buffers_;
      if (!unit_) l0c_flags_[slot_].to_fill();
      if (r_->bias != nullptr) bias_.fetch(pipe_, r_->bias, p, t_->baseN);
    } else if (!open_) {
      etalon_asc_fail("ascendc.matmul",
                      "Iterate(true) adds to a block that GetTensorC has taken, or that never was");
    }
    open_ = !unit_;
    std::int64_t index_a = a_.used, index_b = b_.used;
    for (std::int64_t k0 = 0; k0 < end; k0 += base_k_) {
      const std::int64_t k = least(base_k_, end - k0), in_a = k0 % chunk_a, in_b = k0 % chunk_b;
      const std::int64_t deep_a = least(chunk_a, end - (k0 - in_a)),
                         deep_b = least(chunk_b, end - (k0 - in_b));
      const bool first_a = in_a == 0 && new_a && !kLocalA, first_b = in_b == 0 && new_b && !kLocalB;
      const bool last = k0 + base_k_ >= end;
      if (first_a) fetch_a(p, k0, deep_a, index_a);
      if (first_b) fetch_b(p, k0, deep_b, index_b);
      const int l0 = static_cast<int>(steps_++ % l0_buffers_);
      const L0Buffer& flags = l0_flags_[l0];
      const LocalTensor<Raw> to_a = at<Raw>(TPosition::A2, l0a_ + l0 * tile_m_ * tile_k_ * kSize),
                             to_b = at<Raw>(TPosition::B2, l0b_ + l0 * tile_n_ * tile_k_ * kSize);
      flags.to_fill();
      // Both operands are there before either is loaded, and both buffers are given back after both loads.
      if (first_a) a_flags_[index_a % a_.buffers].to_empty();
      if (first_b) b_flags_[index_b % b_.buffers].to_empty();
      Op::to_l0a(to_a,
                 kLocalA ? in_operand(r_->local_a, turn_a, r_->single_m, end, p.m0, k0)
                         : in_buffer(a_.buffer(index_a), turn_a, p.m, deep_a, in_a),
                 p.m, k, turn_a);
      Op::to_l0b(to_b,
                 kLocalB ? in_operand(r_->local_b, turn_b, r_->single_n, end, p.n0, k0)
                         : in_buffer(b_.buffer(index_b), turn_b, p.n, deep_b, in_b),
                 p.n, k, turn_b);
      flags.full();
      if (last || in_a + base_k_ >= chunk_a) {
        if (!kLocalA && !kept_a_) a_flags_[index_a % a_.buffers].empty();
        ++index_a;
      }
      if (last || in_b + base_k_ >= chunk_b) {
        if (!kLocalB && !kept_b_) b_flags_[index_b % b_.buffers].empty();
        ++index_b;
      }
      flags.to_empty();
      multiply(to_a, to_b, cube_n, k, k0 == 0 && !add, last, turn_a);
      flags.empty();
      if (k0 == 0 && !add && r_->bias != nullptr) bias_.used();
    }
    if (!kept_a_) a_.used = index_a;
    if (!kept_b_) b_.used = index_b;
  }
  void multiply(const LocalTensor<Raw>& a, const LocalTensor<Raw>& b, std::int64_t cube_n, std::int64_t k,
                bool first, bool last, bool turn_a) {
    MmadParams p;
    p.m = static_cast<std::uint16_t>(l0c_rows_);
    p.n = static_cast<std::uint16_t>(cube_n);
    p.k = static_cast<std::uint16_t>(k * kPack);
    p.kDirectionAlign = Op::kWord && turn_a;
    p.cmatrixInitVal = first;
    p.unitFlag = static_cast<std::uint8_t>(unit_ ? (last ? 3 : 2) : 0);
    const LocalTensor<Sum> c = l0c();
    const auto as = [](const LocalTensor<Raw>& t) { return LocalTensor<T>(t.GetPosition(), t.offset(), 0); };
    if (first && r_->bias != nullptr)
      Mmad(c, as(a), as(b), LocalTensor<Sum>(TPosition::C2, 0, 0), p);
    else
      Mmad(c, as(a), as(b), p);
  }

  // The block in L0C to its place; `number` counts blocks that go one behind the other.
  void store(const Blocks& blocks, std::int64_t block, std::int64_t number) {
    if (!open_ && !unit_)
      etalon_asc_fail("ascendc.matmul", "GetTensorC without a block that Iterate has computed");
    const Place p = blocks.place(block);
    const Target<C> to(*r_, blocks, p, number);
    const LocalTensor<Sum> c = l0c();
    FixpipeParamsV220 f = to.params(p, l0c_rows_);
    f.unitFlag = static_cast<std::uint8_t>(unit_ ? 3 : 0);
    f.quantPre = quant_mode<Sum, typename C::T>(r_->quantise);
    f.deqScalar = r_->quant_scalar;
    const bool scaled =
        r_->quantise == 2 && f.quantPre != NoQuant && f.quantPre != F322F16 && f.quantPre != F322BF16;
    if (scaled) scales_.fetch(pipe_, r_->quant, p, t_->baseN);
    if (!unit_) {
      l0c_flags_[slot_].full();
      l0c_flags_[slot_].to_empty();
    }
    set_atomic<typename C::T>(r_->atomic);
    GlobalTensor<typename C::T> out;
    out.SetGlobalBuffer(to.address);
    constexpr const FixpipeConfig& kLayout = Target<C>::kNz ? CFG_NZ : CFG_ROW_MAJOR;
    if (Callbacks::DataCopyOut != nullptr) {
      const DataCopyOutParams d{static_cast<std::uint16_t>(up(p.n, 16)),
                                static_cast<std::uint16_t>(p.m * 2),
                                static_cast<std::uint16_t>((l0c_rows_ - p.m) * 2),
                                f.dstStride,
                                f.nSize,
                                false,
                                f.deqScalar,
                                0};
      Callbacks::DataCopyOut(to.address, LocalTensor<std::int8_t>(TPosition::CO1, c.offset(), 0), &d,
                             r_->user, r_->data);
    } else if (scaled) {
      Fixpipe<typename C::T, Sum, std::uint64_t, kLayout>(
          out, c, LocalTensor<std::uint64_t>(TPosition::C2PIPE2GM, 0, 0), f);
    } else {
      Fixpipe<typename C::T, Sum, kLayout>(out, c, f);
    }
    if (r_->atomic != 0) SetAtomicNone();
    if (!unit_) l0c_flags_[slot_].empty();
    open_ = false;
  }

  template <class U>
  static LocalTensor<U> at(TPosition position, std::int64_t byte) {
    return LocalTensor<U>(position, static_cast<std::uint32_t>(byte), 0);
  }
  LocalTensor<Sum> l0c() const { return at<Sum>(TPosition::CO1, l0c_ + slot_ * tile_m_ * tile_n_ * 4); }

  const TCubeTiling* t_ = nullptr;
  TPipe* pipe_ = nullptr;
  const etalon_matmul_request* r_ = nullptr;
  std::int64_t tile_m_ = 0, tile_n_ = 0, tile_k_ = 0, base_k_ = 0, l0a_ = 0, l0b_ = 0, l0c_ = 0,
               l0c_rows_ = 0, steps_ = 0;
  int l0_buffers_ = 1, l0c_buffers_ = 1, slot_ = 0;
  bool unit_ = false, open_ = false, kept_a_ = false, kept_b_ = false;
  Ring a_, b_;
  L1Buffer a_flags_[Ring::kMost], b_flags_[Ring::kMost];
  L0Buffer l0_flags_[2];
  L0cBuffer l0c_flags_[2];
  // A type that no bias can have says that there is none.
  using BiasType = std::conditional_t<is_bias<typename Bias::T>, typename Bias::T, Sum>;
  BiasRow<BiasType> bias_;
  ScaleRow scales_;
};

}  // namespace mm
}  // namespace detail
}  // namespace AscendC
