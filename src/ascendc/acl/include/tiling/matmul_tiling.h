// SPDX-License-Identifier: Apache-2.0
#pragma once

// Host side of the Matmul objects: cuts a product into the parts of the cores and those into base blocks.
// Plain C++. GetTiling returns 0, or -1 if the shape is not given or the blocks asked for do not fit.

#include <algorithm>

#include "matmul_tiling_types.h"

namespace matmul_tiling {

// The product of one core. Sizes in elements; -1: free to choose.
class MatmulApiTilingBase {
 public:
  MatmulApiTilingBase() = default;
  template <class Platform>
  explicit MatmulApiTilingBase(const Platform&) {}

  int32_t SetAType(TPosition position, CubeFormat, DataType type, bool isTrans = false) {
    bits_ = detail::bits_of(type);
    a_transposed_ = isTrans;
    a_local_ = position == TPosition::TSCM || position == TPosition::A1;
    return bits_ > 0 ? 0 : -1;
  }
  int32_t SetBType(TPosition position, CubeFormat, DataType type, bool isTrans = false) {
    b_transposed_ = isTrans;
    b_local_ = position == TPosition::TSCM || position == TPosition::B1;
    return detail::bits_of(type) > 0 ? 0 : -1;
  }
  int32_t SetCType(TPosition, CubeFormat, DataType type) { return detail::is_result(type) ? 0 : -1; }
  int32_t SetBiasType(TPosition, CubeFormat, DataType type) { return detail::is_result(type) ? 0 : -1; }
  int32_t SetDequantType(DequantType type) {
    per_channel_ = type == DequantType::TENSOR;
    return 0;
  }
  int32_t SetShape(int32_t m, int32_t n, int32_t k) {
    m_ = m, n_ = n, k_ = k;
    return 0;
  }
  int32_t SetSingleShape(int32_t m = -1, int32_t n = -1, int32_t k = -1) {
    single_m_ = m, single_n_ = n, single_k_ = k;
    return 0;
  }
  int32_t SetOrgShape(int32_t m, int32_t n, int32_t k) { return SetOrgShape(m, n, k, k); }
  int32_t SetOrgShape(int32_t m, int32_t n, int32_t ka, int32_t kb) {
    org_m_ = m, org_n_ = n, org_ka_ = ka, org_kb_ = kb;
    return 0;
  }
  int32_t SetFixSplit(int32_t m = -1, int32_t n = -1, int32_t k = -1) {
    base_m_ = m, base_n_ = n, base_k_ = k;
    return 0;
  }
  // Bytes the product may take.
  int32_t SetBufferSpace(int32_t l1Size = -1, int32_t l0CSize = -1, int32_t = -1, int32_t = -1) {
    l1_ = l1Size > 0 ? l1Size : kL1, l0c_ = l0CSize > 0 ? l0CSize : kL0c;
    return 0;
  }
  int32_t SetTraverse(MatrixTraverse order) {
    first_n_ = order == MatrixTraverse::FIRSTN;
    return 0;
  }
  int32_t SetBias(bool on) { return EnableBias(on); }
  int32_t EnableBias(bool on = false) {
    bias_ = on;
    return 0;
  }
  // Scales of blocks (MXMODE) are not available.
  int32_t SetMadType(MatrixMadType type) { return type == MatrixMadType::MXMODE ? -1 : 0; }
  int32_t SetDoubleBuffer(bool a, bool b, bool c, bool, bool = true, bool = true) {
    twice_a_ = a, twice_b_ = b, twice_c_ = c;
    return 0;
  }
  int32_t SetSparse(bool on = false) { return on ? -1 : 0; }
  void SetMatmulConfigParams(const MatmulConfigParams& params) {
    if (params.traverse != MatrixTraverse::NOSET) SetTraverse(params.traverse);
  }
  void SetMatmulConfigParams(int32_t mmConfigType = 1, bool enableL1CacheUB = false,
                             ScheduleType scheduleType = ScheduleType::INNER_PRODUCT,
                             MatrixTraverse traverse = MatrixTraverse::NOSET, bool enVecND2NZ = false) {
    SetMatmulConfigParams(
        MatmulConfigParams{mmConfigType, enableL1CacheUB, scheduleType, traverse, enVecND2NZ});
  }
  // Batches: of A and B in a step; how they lie ([B S N G D], of C [B S1 N G S2]), or their number and size.
  int32_t SetBatchNum(int32_t batch) {
    out_.batchM = out_.batchN = batch;
    return 0;
  }
  int32_t SetALayout(int32_t b, int32_t s, int32_t n, int32_t g, int32_t d) {
    out_.ALayoutInfoB = b, out_.ALayoutInfoS = s, out_.ALayoutInfoN = n, out_.ALayoutInfoG = g,
    out_.ALayoutInfoD = d;
    return 0;
  }
  int32_t SetBLayout(int32_t b, int32_t s, int32_t n, int32_t g, int32_t d) {
    out_.BLayoutInfoB = b, out_.BLayoutInfoS = s, out_.BLayoutInfoN = n, out_.BLayoutInfoG = g,
    out_.BLayoutInfoD = d;
    return 0;
  }
  int32_t SetCLayout(int32_t b, int32_t s1, int32_t n, int32_t g, int32_t s2) {
    out_.CLayoutInfoB = b, out_.CLayoutInfoS1 = s1, out_.CLayoutInfoN = n, out_.CLayoutInfoG = g;
    out_.CLayoutInfoS2 = s2;
    return 0;
  }
  int32_t SetBatchInfoForNormal(int32_t batchA, int32_t batchB, int32_t m, int32_t n, int32_t k) {
    SetShape(m, n, k);
    SetOrgShape(m, n, k);
    out_.batchM = batchA, out_.batchN = batchB;
    out_.ALayoutInfoB = batchA, out_.BLayoutInfoB = batchB, out_.CLayoutInfoB = std::max(batchA, batchB);
    out_.ALayoutInfoS = m, out_.BLayoutInfoS = n, out_.CLayoutInfoS1 = m;
    out_.ALayoutInfoD = out_.BLayoutInfoD = k, out_.CLayoutInfoS2 = n;
    out_.ALayoutInfoN = out_.ALayoutInfoG = out_.BLayoutInfoN = out_.BLayoutInfoG = out_.CLayoutInfoN =
        out_.CLayoutInfoG = 1;
    return 0;
  }
  // Of the tiling last computed.
  int32_t GetBaseM() const { return out_.baseM; }
  int32_t GetBaseN() const { return out_.baseN; }
  int32_t GetBaseK() const { return out_.baseK; }
  int32_t GetSingleShape(int32_t& m, int32_t& n, int32_t& k) const {
    m = out_.singleCoreM, n = out_.singleCoreN, k = out_.singleCoreK;
    return 0;
  }

 protected:
  static constexpr int32_t kL1 = 512 * 1024, kL0 = 64 * 1024, kL0c = 128 * 1024, kBiasColumns = 256;
  static int32_t up(int32_t value, int32_t unit) { return (value + unit - 1) / unit; }
  static int32_t align(int32_t value, int32_t unit) { return up(value, unit) * unit; }

  // Over `cores` cores, K too if `split_k`.
  int64_t compute(::TCubeTiling& out, int32_t cores, bool split_k) {
    const int32_t m = m_ > 0 ? m_ : org_m_, n = n_ > 0 ? n_ : org_n_, k = k_ > 0 ? k_ : org_ka_;
    if (m <= 0 || n <= 0 || k <= 0 || cores <= 0) return -1;
    ::TCubeTiling& t = out_;
    t.M = org_m_ > 0 ? org_m_ : m, t.N = org_n_ > 0 ? org_n_ : n, t.Ka = org_ka_ > 0 ? org_ka_ : k;
    t.Kb = org_kb_ > 0 ? org_kb_ : t.Ka;
    parts(t, m, n, k, cores, split_k);
    if (!blocks(t)) return -1;
    t.isBias = bias_ ? 1 : 0;
    t.iterateOrder = first_n_ ? 1 : 0;
    t.shareL1Size = detail::bytes(t.baseM * t.depthA1 + t.baseN * t.depthB1, t.baseK, bits_);
    t.shareL0CSize = t.baseM * t.baseN * 4;
    if (t.batchM <= 0) t.batchM = 1;
    if (t.batchN <= 0) t.batchN = 1;
    t.singleBatchM = t.singleBatchN = 1;
    out = t;
    return 0;
  }

 private:
  // As many cores as have work, in the grid whose parts are nearest to squares.
  void parts(::TCubeTiling& t, int32_t m, int32_t n, int32_t k, int32_t cores, bool split_k) const {
    int32_t best_m = 1, best_n = 1;
    for (int32_t dm = 1; dm <= cores && up(m, 16) >= dm; ++dm) {
      const int32_t dn = std::min(cores / dm, up(n, 16));
      const auto side = [&](int32_t a, int32_t b) { return std::max(up(m, a), up(n, b)); };
      if (dm * dn > best_m * best_n || (dm * dn == best_m * best_n && side(dm, dn) < side(best_m, best_n)))
        best_m = dm, best_n = dn;
    }
    t.singleCoreM = single_m_ > 0 ? single_m_ : std::min(m, align(up(m, best_m), 16));
    t.singleCoreN = single_n_ > 0 ? single_n_ : std::min(n, align(up(n, best_n), 16));
    t.singleCoreK = single_k_ > 0 ? single_k_ : k;
    const int32_t grid = up(m, t.singleCoreM) * up(n, t.singleCoreN), row = 256 / std::max(bits_, 1);
    if (split_k && single_k_ <= 0 && cores / grid > 1)
      t.singleCoreK = std::min(k, align(up(k, cores / grid), row));
    t.usedCoreNum = grid * (split_k ? up(k, t.singleCoreK) : 1);
  }
  bool blocks(::TCubeTiling& t) const {
    const int32_t row = 256 / bits_;  // elements of 32 bytes
    t.baseM = base_m_ > 0 ? base_m_ : std::min(128, align(t.singleCoreM, 16));
    t.baseN = base_n_ > 0 ? base_n_
                          : std::min(bias_ || per_channel_ ? kBiasColumns : 256, align(t.singleCoreN, 16));
    while (base_n_ <= 0 && t.baseN > 16 && t.baseM * t.baseN * 4 > l0c_) t.baseN = align(t.baseN / 2, 16);
    if (bits_ == 8) {  // squares of 32 bytes
      if (base_m_ <= 0 && a_transposed_) t.baseM = align(t.baseM, 32);
      if (base_n_ <= 0 && !b_transposed_) t.baseN = align(t.baseN, 32);
    }
    const int32_t half_l0 = static_cast<int32_t>(int64_t{kL0} / 2 * 8 / bits_ / std::max(t.baseM, t.baseN));
    const int32_t unit = bits_ == 32 ? 16 : row;
    t.baseK =
        base_k_ > 0 ? base_k_ : std::min(std::max(half_l0 / unit * unit, unit), align(t.singleCoreK, unit));
    if (t.baseM * t.baseN * 4 > l0c_ || detail::bytes(std::max(t.baseM, t.baseN), t.baseK, bits_) > kL0)
      return false;
    // Half of L1 for each operand, of that half for the blocks on their way.
    const int32_t count = up(t.singleCoreK, t.baseK);
    const auto steps = [&](int32_t base, bool local, bool twice) {
      if (local) return 1;
      const int32_t block = detail::bytes(base, t.baseK, bits_),
                    room = l1_ / (twice ? 4 : 2) / std::max(block, 1);
      return std::max(1, std::min({room, count, 4}));
    };
    t.stepM = t.stepN = 1;
    t.stepKa = steps(t.baseM, a_local_, twice_a_);
    t.stepKb = steps(t.baseN, b_local_, twice_b_);
    t.depthA1 = t.stepKa * (twice_a_ ? 2 : 1), t.depthB1 = t.stepKb * (twice_b_ ? 2 : 1);
    if (detail::bytes(t.baseM * t.depthA1 + t.baseN * t.depthB1, t.baseK, bits_) > l1_) return false;
    t.dbL0A = t.dbL0B = 2;
    t.dbL0C = twice_c_ && t.baseM * t.baseN * 8 <= l0c_ ? 2 : 1;
    return true;
  }

  int32_t m_ = 0, n_ = 0, k_ = 0, org_m_ = 0, org_n_ = 0, org_ka_ = 0, org_kb_ = 0;
  int32_t single_m_ = -1, single_n_ = -1, single_k_ = -1, base_m_ = -1, base_n_ = -1, base_k_ = -1,
          bits_ = 16;
  int32_t l1_ = kL1, l0c_ = kL0c;
  bool bias_ = false, first_n_ = false, a_transposed_ = false, b_transposed_ = false, a_local_ = false,
       b_local_ = false, per_channel_ = false, twice_a_ = true, twice_b_ = true, twice_c_ = true;
  ::TCubeTiling out_;
};

class MatmulApiTiling : public MatmulApiTilingBase {
 public:
  using MatmulApiTilingBase::MatmulApiTilingBase;
  int64_t GetTiling(::TCubeTiling& out) { return compute(out, 1, false); }
  int64_t GetTiling(optiling::TCubeTiling& out) { return compute(out.data(), 1, false); }
};

class MultiCoreMatmulTiling : public MatmulApiTilingBase {
 public:
  using MatmulApiTilingBase::MatmulApiTilingBase;
  int32_t SetDim(int32_t cores) {
    cores_ = cores;
    return 0;
  }
  void EnableMultiCoreSplitK(bool flag) { split_k_ = flag; }
  int32_t SetSplitK(bool flag) {
    split_k_ = flag;
    return 0;
  }
  // Bounds and multiples of a core's part: what is chosen is a multiple of 16 inside any that make sense.
  int32_t SetSingleRange(int32_t = -1, int32_t = -1, int32_t = -1, int32_t = -1, int32_t = -1, int32_t = -1) {
    return 0;
  }
  int32_t SetAlignSplit(int32_t = -1, int32_t = -1, int32_t = -1) { return 0; }
  int32_t GetCoreNum(int32_t& dim, int32_t& mDim, int32_t& nDim) const {
    dim = used_, mDim = down_, nDim = across_;
    return 0;
  }
  int64_t GetTiling(::TCubeTiling& out) {
    const int64_t status = compute(out, cores_, split_k_);
    if (status != 0) return status;
    used_ = out.usedCoreNum, down_ = up(out.M, out.singleCoreM), across_ = up(out.N, out.singleCoreN);
    return 0;
  }
  int64_t GetTiling(optiling::TCubeTiling& out) { return GetTiling(out.data()); }

 private:
  int32_t cores_ = 1, used_ = 0, down_ = 0, across_ = 0;
  bool split_k_ = false;
};

class BatchMatmulTiling : public MatmulApiTilingBase {
 public:
  using MatmulApiTilingBase::MatmulApiTilingBase;
  int64_t GetTiling(::TCubeTiling& out) { return compute(out, 1, false); }
  int64_t GetTiling(optiling::TCubeTiling& out) { return compute(out.data(), 1, false); }
};

}  // namespace matmul_tiling
