// SPDX-License-Identifier: Apache-2.0
#pragma once

// Flash attention forward on 910B/C, in Ascend C: one cube core with its two vector cores per block of 128
// queries. Scores and partial outputs pass through a workspace in GM (which stays in L2), three deep:
//   cube:   S(i) = Q K(i)^T  ->  workspace        vector: P(i) = exp(S(i) - running max) -> workspace,
//   running sum cube:   O(i) = P(i) V(i) ->  workspace        vector: output = output * correction(i) + O(i)
// At step i the cube makes S(i) and then O(i - 2), the vector cores P(i) and then the sum of i - 2, so that
// each has work while the other's is on its way. A vector core takes 64 of the 128 queries.

#include "kernels/npu/row_ops.h"
#include "kernels/npu/stream.h"

namespace etalon::kernels::npu {

struct AttentionShape {
  std::int64_t batch = 1, heads = 1, kv_heads = 1, seq_q = 0, seq_kv = 0;
  std::int64_t dim = 128, dim_v = 128;  // multiples of 16; dim at most 256, dim_v at most 128
  bool causal = false;                  // query i sees keys up to i + seq_kv - seq_q
  float scale = 1.0f;
  // Elements between rows, heads and batch entries.
  std::int64_t q_row = 0, q_head = 0, q_batch = 0, kv_row = 0, kv_head = 0, kv_batch = 0;
  std::int64_t v_row = 0, v_head = 0, v_batch = 0, o_row = 0, o_head = 0, o_batch = 0;
};

namespace attention_detail {

constexpr std::int64_t kQueries = 128, kKeys = 128, kLag = 2, kStages = kLag + 1;
constexpr std::int64_t kHalf = kQueries / 2;
enum : std::uint16_t { kScoresReady = 0, kWeightsReady = 1, kOutputReady = 2 };

// Workspace of one block in bytes: scores (fp32), weights (16 bit), outputs (fp32), kStages of each.
constexpr std::int64_t kScoreBytes = kQueries * kKeys * 4, kWeightBytes = kQueries * kKeys * 2,
                       kOutputBytes = kQueries * 128 * 4;
constexpr std::int64_t kWorkspaceBytes = kStages * (kScoreBytes + kWeightBytes + kOutputBytes);

// One block of queries of one head, and the keys it sees.
struct Item {
  std::int64_t batch, head, q0, queries, keys;
  std::int64_t steps() const { return row::ceil_div(keys, kKeys); }
  std::int64_t keys_of(std::int64_t step) const { return row::min(kKeys, keys - step * kKeys); }
};

// Items in the order they are dealt: late queries, which see most keys, first.
inline Item item_at(const AttentionShape& s, std::int64_t index) {
  const std::int64_t blocks = row::ceil_div(s.seq_q, kQueries), lanes = s.batch * s.heads;
  Item it{};
  const std::int64_t q = blocks - 1 - index / lanes;
  it.head = index % lanes % s.heads;
  it.batch = index % lanes / s.heads;
  it.q0 = q * kQueries;
  it.queries = row::min(kQueries, s.seq_q - it.q0);
  it.keys = s.seq_kv;
  if (s.causal) it.keys = row::min(it.keys, it.q0 + it.queries + s.seq_kv - s.seq_q);
  if (it.keys < 0) it.keys = 0;
  return it;
}
inline std::int64_t items_of(const AttentionShape& s) {
  return row::ceil_div(s.seq_q, kQueries) * s.batch * s.heads;
}

}  // namespace attention_detail

// Device memory the kernel needs beside its operands.
inline std::int64_t attention_workspace(std::int64_t blocks) {
  return blocks * attention_detail::kWorkspaceBytes;
}

// The cube core's part.
template <class T>
class AttentionCube {
 public:
  __aicore__ void Init(GmAddress q, GmAddress k, GmAddress v, GmAddress workspace, const AttentionShape& s) {
    using namespace attention_detail;
    s_ = s;
    q_.SetGlobalBuffer(reinterpret_cast<__gm__ T*>(q));
    k_.SetGlobalBuffer(reinterpret_cast<__gm__ T*>(k));
    v_.SetGlobalBuffer(reinterpret_cast<__gm__ T*>(v));
    const GmAddress mine = workspace + AscendC::GetBlockIdx() * kWorkspaceBytes;
    scores_.SetGlobalBuffer(reinterpret_cast<__gm__ float*>(mine));
    weights_.SetGlobalBuffer(reinterpret_cast<__gm__ T*>(mine + kStages * kScoreBytes));
    outputs_.SetGlobalBuffer(reinterpret_cast<__gm__ float*>(mine + kStages * (kScoreBytes + kWeightBytes)));
    const auto bytes = [](std::int64_t elements) { return static_cast<std::uint32_t>(elements * sizeof(T)); };
    pipe_.InitBuffer(l1_q_, bytes(kQueries * s.dim));
    for (int i = 0; i < 2; ++i) {
      pipe_.InitBuffer(l1_k_[i], bytes(kKeys * s.dim));
      pipe_.InitBuffer(l1_v_[i], bytes(kKeys * s.dim_v));
      pipe_.InitBuffer(l1_p_[i], bytes(kQueries * kKeys));
      pipe_.InitBuffer(l0a_[i], bytes(kQueries * kDepth));
      pipe_.InitBuffer(l0b_[i], bytes(kKeys * kDepth));
      pipe_.InitBuffer(l0c_[i], static_cast<std::uint32_t>(kQueries * 128 * 4));
    }
  }

  __aicore__ void Process() {
    using namespace AscendC;
    using namespace attention_detail;
    for (int i = 0; i < 7; ++i) SetFlag<HardEvent::MTE1_MTE2>(i);
    for (int i = 0; i < 2; ++i) SetFlag<HardEvent::M_MTE1>(i);
    for (int i = 0; i < 2; ++i) SetFlag<HardEvent::FIX_M>(i);
    for (std::int64_t index = GetBlockIdx(); index < items_of(s_); index += GetBlockNum())
      run(item_at(s_, index));
    for (int i = 0; i < 7; ++i) WaitFlag<HardEvent::MTE1_MTE2>(i);
    for (int i = 0; i < 2; ++i) WaitFlag<HardEvent::M_MTE1>(i);
    for (int i = 0; i < 2; ++i) WaitFlag<HardEvent::FIX_M>(i);
  }

 private:
  static constexpr std::int64_t kC0 = 32 / static_cast<std::int64_t>(sizeof(T));
  static constexpr std::int64_t kDepth = 128;  // of one product
  enum { kIdK = 0, kIdV = 2, kIdP = 4, kIdQ = 6 };

  // Row-major rows x columns into fractal columns of L1.
  __aicore__ void to_l1(const AscendC::LocalTensor<T>& l1, const AscendC::GlobalTensor<T>& gm,
                        std::int64_t rows, std::int64_t columns, std::int64_t pitch) {
    using namespace AscendC;
    DataCopy(l1, gm,
             Nd2NzParams(1, static_cast<std::uint16_t>(rows), static_cast<std::uint32_t>(columns), 0,
                         static_cast<std::uint32_t>(pitch), static_cast<std::uint16_t>(row::align(rows, 16)),
                         1, 0));
  }
  __aicore__ void load_k(const attention_detail::Item& it, std::int64_t i) {
    using namespace AscendC;
    const auto id = static_cast<std::int32_t>(kIdK + i % 2);
    WaitFlag<HardEvent::MTE1_MTE2>(id);
    const std::int64_t at = it.batch * s_.kv_batch + it.head * s_.kv_heads / s_.heads * s_.kv_head +
                            i * attention_detail::kKeys * s_.kv_row;
    to_l1(l1_k_[i % 2].template Get<T>(), k_[static_cast<std::uint64_t>(at)], it.keys_of(i), s_.dim,
          s_.kv_row);
    SetFlag<HardEvent::MTE2_MTE1>(id);
  }
  __aicore__ void load_v(const attention_detail::Item& it, std::int64_t i) {
    using namespace AscendC;
    const auto id = static_cast<std::int32_t>(kIdV + i % 2);
    WaitFlag<HardEvent::MTE1_MTE2>(id);
    const std::int64_t at = it.batch * s_.v_batch + it.head * s_.kv_heads / s_.heads * s_.v_head +
                            i * attention_detail::kKeys * s_.v_row;
    to_l1(l1_v_[i % 2].template Get<T>(), v_[static_cast<std::uint64_t>(at)], it.keys_of(i), s_.dim_v,
          s_.v_row);
    SetFlag<HardEvent::MTE2_MTE1>(id);
  }

  __aicore__ void run(const attention_detail::Item& it) {
    using namespace AscendC;
    using namespace attention_detail;
    const std::int64_t steps = it.steps();
    if (steps == 0) return;
    WaitFlag<HardEvent::MTE1_MTE2>(kIdQ);
    to_l1(l1_q_.template Get<T>(),
          q_[static_cast<std::uint64_t>(it.batch * s_.q_batch + it.head * s_.q_head + it.q0 * s_.q_row)],
          it.queries, s_.dim, s_.q_row);
    SetFlag<HardEvent::MTE2_MTE1>(kIdQ);
    WaitFlag<HardEvent::MTE2_MTE1>(kIdQ);
    load_k(it, 0);
    for (std::int64_t i = 0; i < steps + kLag; ++i) {
      if (i + 1 < steps) load_k(it, i + 1);
      if (i < steps) make_scores(it, i);
      if (i >= kLag) make_output(it, i - kLag);
    }
    SetFlag<HardEvent::MTE1_MTE2>(kIdQ);
  }

  // One product of up to kDepth along K: L0 buffers, the cube.
  template <class LoadA, class LoadB>
  __aicore__ void product(const AscendC::LocalTensor<float>& l0c, std::int64_t m, std::int64_t n,
                          std::int64_t k, bool first, LoadA load_a, LoadB load_b) {
    using namespace AscendC;
    const auto id = static_cast<std::int32_t>(products_++ % 2);
    const LocalTensor<T> a = l0a_[id].template Get<T>(), b = l0b_[id].template Get<T>();
    WaitFlag<HardEvent::M_MTE1>(id);
    load_a(a);
    load_b(b);
    SetFlag<HardEvent::MTE1_M>(id);
    WaitFlag<HardEvent::MTE1_M>(id);
    MmadParams p;
    p.m = static_cast<std::uint16_t>(row::align(m, 16));
    p.n = static_cast<std::uint16_t>(n);
    p.k = static_cast<std::uint16_t>(k);
    p.cmatrixInitVal = first;
    Mmad(l0c, a, b, p);
    SetFlag<HardEvent::M_MTE1>(id);
  }
  // Rows of an NZ operand in L1 to L0A, K from k0.
  __aicore__ void rows_to_l0a(const AscendC::LocalTensor<T>& l0, const AscendC::LocalTensor<T>& l1,
                              std::int64_t rows, std::int64_t width, std::int64_t k0, std::int64_t k) {
    using namespace AscendC;
    LoadData3DParamsV2<T> p;
    p.l1H = 1;
    p.l1W = p.mExtension = static_cast<std::uint16_t>(row::align(rows, 16));
    p.channelSize = static_cast<std::uint16_t>(row::align(width, kC0));
    p.kExtension = static_cast<std::uint16_t>(row::align(k, kC0));
    p.kStartPt = static_cast<std::uint16_t>(k0);
    LoadData(l0, l1, p);
  }
  __aicore__ void store(const AscendC::GlobalTensor<float>& gm, const AscendC::LocalTensor<float>& l0c,
                        std::int32_t id, std::int64_t m, std::int64_t n, std::int64_t pitch) {
    using namespace AscendC;
    SetFlag<HardEvent::M_FIX>(id);
    WaitFlag<HardEvent::M_FIX>(id);
    FixpipeParamsV220 f;
    f.nSize = static_cast<std::uint16_t>(n);
    f.mSize = static_cast<std::uint16_t>(m);
    f.srcStride = static_cast<std::uint16_t>(row::align(m, 16));
    f.dstStride = static_cast<std::uint32_t>(pitch);
    Fixpipe(gm, l0c, f);
    SetFlag<HardEvent::FIX_M>(id);
  }

  __aicore__ void make_scores(const attention_detail::Item& it, std::int64_t i) {
    using namespace AscendC;
    using namespace attention_detail;
    const std::int64_t keys = it.keys_of(i), n1 = row::ceil_div(keys, 16);
    const auto c_id = static_cast<std::int32_t>(results_++ % 2),
               k_id = static_cast<std::int32_t>(kIdK + i % 2);
    const LocalTensor<float> l0c = l0c_[c_id].template Get<float>();
    const LocalTensor<T> l1_k = l1_k_[i % 2].template Get<T>();
    WaitFlag<HardEvent::FIX_M>(c_id);
    WaitFlag<HardEvent::MTE2_MTE1>(k_id);
    for (std::int64_t k0 = 0; k0 < s_.dim; k0 += kDepth) {
      const std::int64_t k = row::min(kDepth, s_.dim - k0);
      product(
          l0c, it.queries, keys, k, k0 == 0,
          [&](const LocalTensor<T>& a) {
            rows_to_l0a(a, l1_q_.template Get<T>(), it.queries, s_.dim, k0, k);
          },
          [&](const LocalTensor<T>& b) {  // keys are rows: fractal columns are already L0B's rows
            LoadData(
                b, l1_k,
                LoadData2DParams(static_cast<std::uint16_t>(k0 / kC0 * n1),
                                 static_cast<std::uint8_t>(row::ceil_div(k, kC0) * n1), 1, 0, 0, false, 0));
          });
    }
    SetFlag<HardEvent::MTE1_MTE2>(k_id);
    store(scores_[static_cast<std::uint64_t>(i % kStages * kQueries * kKeys)], l0c, c_id, it.queries, keys,
          kKeys);
    CrossCoreSetFlag<2, PIPE_FIX>(kScoresReady);
  }

  __aicore__ void make_output(const attention_detail::Item& it, std::int64_t i) {
    using namespace AscendC;
    using namespace attention_detail;
    const std::int64_t keys = it.keys_of(i), k1 = row::ceil_div(keys, 16), n1 = row::ceil_div(s_.dim_v, 16);
    load_v(it, i);
    CrossCoreWaitFlag(kWeightsReady);
    const auto p_id = static_cast<std::int32_t>(kIdP + i % 2), v_id = static_cast<std::int32_t>(kIdV + i % 2);
    const LocalTensor<T> l1_p = l1_p_[i % 2].template Get<T>(), l1_v = l1_v_[i % 2].template Get<T>();
    WaitFlag<HardEvent::MTE1_MTE2>(p_id);
    to_l1(l1_p, weights_[static_cast<std::uint64_t>(i % kStages * kQueries * kKeys)], it.queries, keys,
          kKeys);
    SetFlag<HardEvent::MTE2_MTE1>(p_id);
    const auto c_id = static_cast<std::int32_t>(results_++ % 2);
    const LocalTensor<float> l0c = l0c_[c_id].template Get<float>();
    WaitFlag<HardEvent::FIX_M>(c_id);
    WaitFlag<HardEvent::MTE2_MTE1>(p_id);
    WaitFlag<HardEvent::MTE2_MTE1>(v_id);
    product(
        l0c, it.queries, s_.dim_v, keys, true,
        [&](const LocalTensor<T>& a) { rows_to_l0a(a, l1_p, it.queries, keys, 0, keys); },
        [&](const LocalTensor<T>& b) {
          for (std::int64_t x = 0; x < k1; ++x) {
            LoadData(b[static_cast<std::uint32_t>(x * n1 * 256)], l1_v,
                     LoadData2DParams(static_cast<std::uint16_t>(x), static_cast<std::uint8_t>(n1),
                                      static_cast<std::uint16_t>(k1), 0, 0, true, 0));
          }
        });
    SetFlag<HardEvent::MTE1_MTE2>(p_id);
    SetFlag<HardEvent::MTE1_MTE2>(v_id);
    store(outputs_[static_cast<std::uint64_t>(i % kStages * kQueries * 128)], l0c, c_id, it.queries, s_.dim_v,
          128);
    CrossCoreSetFlag<2, PIPE_FIX>(kOutputReady);
  }

  AttentionShape s_;
  AscendC::TPipe pipe_;
  AscendC::TBuf<AscendC::TPosition::A1> l1_q_, l1_k_[2], l1_v_[2], l1_p_[2];
  AscendC::TBuf<AscendC::TPosition::A2> l0a_[2];
  AscendC::TBuf<AscendC::TPosition::B2> l0b_[2];
  AscendC::TBuf<AscendC::TPosition::CO1> l0c_[2];
  AscendC::GlobalTensor<T> q_, k_, v_, weights_;
  AscendC::GlobalTensor<float> scores_, outputs_;
  std::int64_t products_ = 0, results_ = 0;
};

// A vector core's part: the online softmax of its 64 queries.
template <class T>
class AttentionVector {
 public:
  // `lse`: log of the sum of exponentials per query, [batch, heads, seq_q]; may be null.
  __aicore__ void Init(GmAddress o, GmAddress lse, GmAddress workspace, const AttentionShape& s) {
    using namespace attention_detail;
    s_ = s;
    o_.SetGlobalBuffer(reinterpret_cast<__gm__ T*>(o));
    lse_.SetGlobalBuffer(reinterpret_cast<__gm__ float*>(lse));
    has_lse_ = lse != nullptr;
    const std::int64_t block = AscendC::GetBlockIdx() / AscendC::GetTaskRation();
    const GmAddress mine = workspace + block * kWorkspaceBytes;
    first_ = AscendC::GetSubBlockIdx() * kHalf;
    scores_.SetGlobalBuffer(reinterpret_cast<__gm__ float*>(mine));
    weights_.SetGlobalBuffer(reinterpret_cast<__gm__ T*>(mine + kStages * kScoreBytes));
    outputs_.SetGlobalBuffer(reinterpret_cast<__gm__ float*>(mine + kStages * (kScoreBytes + kWeightBytes)));
    pipe_.InitBuffer(in_, 2, kHalf * kKeys * 4);
    pipe_.InitBuffer(out_, 1, kHalf * kKeys * 2);
    pipe_.InitBuffer(parts_, 1, kHalf * 128 * 4);
    pipe_.InitBuffer(total_, kHalf * 128 * 4);
    pipe_.InitBuffer(room_, kHalf * 64 * 4);
    pipe_.InitBuffer(blocks_, kHalf * 32);
    pipe_.InitBuffer(bits_, kHalf * kKeys / 8);
    pipe_.InitBuffer(values_, kHalf * 4 * (4 + kStages));
  }

  __aicore__ void Process() {
    using namespace attention_detail;
    const std::int64_t block = AscendC::GetBlockIdx() / AscendC::GetTaskRation();
    for (std::int64_t index = block; index < items_of(s_); index += AscendC::GetBlockNum())
      run(item_at(s_, index));
    in_.FreeAllEvent();
    out_.FreeAllEvent();
    parts_.FreeAllEvent();
  }

 private:
  using Reals = row::Reals;
  static constexpr float kNever = -1e30f;
  // One value per query each: running maximum and sum, new maximum, row results, corrections of kStages
  // steps.
  __aicore__ Reals value(int which) const {
    return values_.template Get<float>()[static_cast<std::uint32_t>(which * attention_detail::kHalf)];
  }
  enum { kMaximum, kSum, kNewMaximum, kRow, kCorrection };

  __aicore__ void run(const attention_detail::Item& it) {
    using namespace AscendC;
    using namespace attention_detail;
    const std::int64_t steps = it.steps();
    rows_ = row::min(kHalf, it.queries - first_);
    if (rows_ < 0) rows_ = 0;
    Duplicate(value(kMaximum), kNever, kHalf);
    Duplicate(value(kSum), 0.0f, kHalf);
    Duplicate(total_.template Get<float>(), 0.0f, kHalf * 128);
    PipeBarrier<PIPE_V>();
    for (std::int64_t i = 0; i < steps + kLag && steps > 0; ++i) {
      if (i < steps) make_weights(it, i);
      if (i >= kLag) add_output(i - kLag);
    }
    if (rows_ > 0) finish(it);
  }

  // Bits of the keys each query sees: key c of row r if c <= r + delta. Written once for all blocks on the
  // diagonal.
  __aicore__ void make_bits(std::int64_t delta) {
    using namespace AscendC;
    using namespace attention_detail;
    if (bits_made_ && delta == bits_delta_) return;
    const auto bits = bits_.template Get<std::uint32_t>();
    SetFlag<HardEvent::V_S>(0);
    WaitFlag<HardEvent::V_S>(0);
    for (std::int64_t r = 0; r < kHalf; ++r) {
      for (std::int64_t w = 0; w < kKeys / 32; ++w) {
        const std::int64_t seen = r + delta + 1 - w * 32;  // of these 32 keys
        const std::uint32_t word = seen >= 32 ? 0xffffffffu : seen <= 0 ? 0u : (1u << seen) - 1;
        bits.SetValue(static_cast<std::uint32_t>(r * kKeys / 32 + w), word);
      }
    }
    SetFlag<HardEvent::S_V>(0);
    WaitFlag<HardEvent::S_V>(0);
    bits_made_ = true;
    bits_delta_ = delta;
  }

  // The largest or the sum of each row of 128: halves of a row, then blocks of eight, then the eight.
  template <bool largest>
  __aicore__ void reduce_rows(const Reals& to, const Reals& x) {
    using namespace AscendC;
    const Reals room = room_.template Get<float>();
    const auto rows = static_cast<std::uint8_t>(rows_);
    const BinaryRepeatParams halves(1, 1, 1, 8, 16, 16);
    if (largest)
      Max(room, x, x[64], std::uint64_t{64}, rows, halves);
    else
      Add(room, x, x[64], std::uint64_t{64}, rows, halves);
    PipeBarrier<PIPE_V>();
    if (largest)
      BlockReduceMax(room, room, rows_, std::uint64_t{64}, 1, 1, 8);
    else
      BlockReduceSum(room, room, rows_, std::uint64_t{64}, 1, 1, 8);
    PipeBarrier<PIPE_V>();
    const auto repeats = static_cast<std::int32_t>(row::ceil_div(rows_, 8));
    if (largest)
      BlockReduceMax(to, room, repeats, std::uint64_t{64}, 1, 1, 8);
    else
      BlockReduceSum(to, room, repeats, std::uint64_t{64}, 1, 1, 8);
  }

  __aicore__ void make_weights(const attention_detail::Item& it, std::int64_t i) {
    using namespace AscendC;
    using namespace attention_detail;
    const std::int64_t keys = it.keys_of(i);
    CrossCoreWaitFlag(kScoresReady);
    if (rows_ > 0) {
      Reals x = in_.template AllocTensor<float>();
      const std::uint64_t at = static_cast<std::uint64_t>((i % kStages * kQueries + first_) * kKeys);
      row::load_rows(x, scores_[at], keys == kKeys ? 1 : rows_, keys == kKeys ? rows_ * kKeys : keys, kKeys,
                     kKeys);
      in_.EnQue(x);
      x = in_.template DeQue<float>();
      LocalTensor<T> p = out_.template AllocTensor<T>();
      softmax(it, i, x, keys);
      Cast(p, x, RoundMode::CAST_RINT, static_cast<std::uint32_t>(rows_ * kKeys));
      in_.FreeTensor(x);
      out_.EnQue(p);
      p = out_.template DeQue<T>();
      DataCopy(weights_[at], p, static_cast<std::uint32_t>(rows_ * kKeys));
      out_.FreeTensor(p);
    }
    CrossCoreSetFlag<2, PIPE_MTE3>(kWeightsReady);
  }

  __aicore__ void softmax(const attention_detail::Item& it, std::int64_t i, const Reals& x,
                          std::int64_t keys) {
    using namespace AscendC;
    using namespace attention_detail;
    const auto n = static_cast<std::int32_t>(rows_ * kKeys);
    const auto rows = static_cast<std::uint8_t>(rows_);
    const Reals blocks = blocks_.template Get<float>();
    for (std::int64_t half = 0; half < 2 && keys < kKeys; ++half) {  // keys beyond the end
      const std::int64_t live = keys - half * 64;
      if (live >= 64) continue;
      const std::uint64_t dead[2] = {live <= 0 ? ~std::uint64_t{0} : ~((std::uint64_t{1} << live) - 1), 0};
      Duplicate(x[static_cast<std::uint32_t>(half * 64)], kNever, dead, rows, 1, 16);
      PipeBarrier<PIPE_V>();
    }
    Muls(x, x, s_.scale, n);
    PipeBarrier<PIPE_V>();
    const std::int64_t delta = it.q0 + first_ + s_.seq_kv - s_.seq_q - i * kKeys;
    if (s_.causal && delta < kKeys - 1) {
      make_bits(delta);
      Select(x, bits_.template Get<std::uint8_t>(), x, kNever, SELMODE::VSEL_TENSOR_SCALAR_MODE,
             static_cast<std::uint32_t>(n));
      PipeBarrier<PIPE_V>();
    }
    reduce_rows<true>(value(kRow), x);
    PipeBarrier<PIPE_V>();
    const Reals correction = value(kCorrection + static_cast<int>(i % kStages));
    Max(value(kNewMaximum), value(kMaximum), value(kRow), kHalf);
    PipeBarrier<PIPE_V>();
    Sub(correction, value(kMaximum), value(kNewMaximum), kHalf);
    row::spread(blocks, value(kNewMaximum), kHalf);
    PipeBarrier<PIPE_V>();
    Exp(correction, correction, kHalf);
    Adds(value(kMaximum), value(kNewMaximum), 0.0f, kHalf);
    const BinaryRepeatParams by_row(1, 1, 0, 16, 16, 1);
    for (std::uint32_t half = 0; half < 2; ++half) {
      Sub(x[half * 64], x[half * 64], blocks, std::uint64_t{64}, rows, by_row);
    }
    PipeBarrier<PIPE_V>();
    Exp(x, x, n);
    PipeBarrier<PIPE_V>();
    reduce_rows<false>(value(kRow), x);
    Mul(value(kSum), value(kSum), correction, kHalf);
    PipeBarrier<PIPE_V>();
    Add(value(kSum), value(kSum), value(kRow), static_cast<std::int32_t>(rows_));
  }

  __aicore__ void add_output(std::int64_t i) {
    using namespace AscendC;
    using namespace attention_detail;
    CrossCoreWaitFlag(kOutputReady);
    if (rows_ == 0) return;
    Reals part = parts_.template AllocTensor<float>();
    const auto from = outputs_[static_cast<std::uint64_t>((i % kStages * kQueries + first_) * 128)];
    const bool whole = s_.dim_v == 128;
    row::load_rows(part, from, whole ? 1 : rows_, whole ? rows_ * 128 : s_.dim_v, 128, 128);
    parts_.EnQue(part);
    part = parts_.template DeQue<float>();
    const Reals total = total_.template Get<float>(), blocks = blocks_.template Get<float>();
    const auto rows = static_cast<std::uint8_t>(rows_);
    const BinaryRepeatParams by_row(1, 1, 0, 16, 16, 1), alike(1, 1, 1, 16, 16, 16);
    PipeBarrier<PIPE_V>();
    row::spread(blocks, value(kCorrection + static_cast<int>(i % kStages)), kHalf);
    PipeBarrier<PIPE_V>();
    for (std::int64_t c = 0; c < s_.dim_v; c += 64) {
      const auto mask = static_cast<std::uint64_t>(row::min(64, s_.dim_v - c));
      const Reals t = row::at(total, c);
      Mul(t, t, blocks, mask, rows, by_row);
    }
    PipeBarrier<PIPE_V>();
    for (std::int64_t c = 0; c < s_.dim_v; c += 64) {
      const auto mask = static_cast<std::uint64_t>(row::min(64, s_.dim_v - c));
      Add(row::at(total, c), row::at(total, c), row::at(part, c), mask, rows, alike);
    }
    parts_.FreeTensor(part);
  }

  __aicore__ void finish(const attention_detail::Item& it) {
    using namespace AscendC;
    const Reals total = total_.template Get<float>(), blocks = blocks_.template Get<float>();
    const auto rows = static_cast<std::uint8_t>(rows_);
    PipeBarrier<PIPE_V>();
    row::spread(blocks, value(kSum), attention_detail::kHalf);
    PipeBarrier<PIPE_V>();
    for (std::int64_t c = 0; c < s_.dim_v && it.keys > 0; c += 64) {
      const auto mask = static_cast<std::uint64_t>(row::min(64, s_.dim_v - c));
      Div(row::at(total, c), row::at(total, c), blocks, mask, rows, BinaryRepeatParams(1, 1, 0, 16, 16, 1));
    }
    PipeBarrier<PIPE_V>();
    LocalTensor<T> out = out_.template AllocTensor<T>();
    Cast(out, total, RoundMode::CAST_RINT, static_cast<std::uint32_t>(rows_ * 128));
    out_.EnQue(out);
    out = out_.template DeQue<T>();
    const std::int64_t query = it.q0 + first_;
    row::store_rows(
        o_[static_cast<std::uint64_t>(it.batch * s_.o_batch + it.head * s_.o_head + query * s_.o_row)], out,
        rows_, s_.dim_v, 128, s_.o_row);
    out_.FreeTensor(out);
    if (!has_lse_) return;
    Reals log_sum = parts_.template AllocTensor<float>();
    Ln(log_sum, value(kSum), static_cast<std::int32_t>(rows_));
    PipeBarrier<PIPE_V>();
    Add(log_sum, log_sum, value(kMaximum), static_cast<std::int32_t>(rows_));
    SetFlag<HardEvent::V_MTE3>(7);
    WaitFlag<HardEvent::V_MTE3>(7);
    DataCopyPad(lse_[static_cast<std::uint64_t>((it.batch * s_.heads + it.head) * s_.seq_q + query)], log_sum,
                DataCopyExtParams(1, static_cast<std::uint32_t>(rows_ * 4), 0, 0, 0));
    SetFlag<HardEvent::MTE3_MTE2>(7);
    WaitFlag<HardEvent::MTE3_MTE2>(7);
    parts_.FreeTensor(log_sum);
  }

  AttentionShape s_;
  AscendC::TPipe pipe_;
  AscendC::TQue<AscendC::TPosition::VECIN, 2> in_;
  AscendC::TQue<AscendC::TPosition::VECIN, 1> parts_;
  AscendC::TQue<AscendC::TPosition::VECOUT, 1> out_;
  AscendC::TBuf<AscendC::TPosition::VECCALC> total_, room_, blocks_, bits_, values_;
  AscendC::GlobalTensor<T> o_, weights_;
  AscendC::GlobalTensor<float> scores_, outputs_, lse_;
  std::int64_t first_ = 0, rows_ = 0, bits_delta_ = 0;
  bool has_lse_ = false, bits_made_ = false;
};

template <class T>
__global__ __aicore__ void flash_attention_kernel(GmAddress q, GmAddress k, GmAddress v, GmAddress o,
                                                  GmAddress lse, GmAddress workspace,
                                                  const AttentionShape& shape) {
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_MIX_AIC_1_2);
  if ASCEND_IS_AIC {
    AttentionCube<T> cube;
    cube.Init(q, k, v, workspace, shape);
    cube.Process();
  } else {
    AttentionVector<T> vector;
    vector.Init(o, lse, workspace, shape);
    vector.Process();
  }
}

}  // namespace etalon::kernels::npu
