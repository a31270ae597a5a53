// SPDX-License-Identifier: Apache-2.0
#pragma once

// The operations that Stream runs: sums, casts, zeroes, fused AdamW. Activations are in activations.h.

#include "kernels/npu/stream.h"

namespace etalon::kernels::npu {

// Inputs and outputs of one type.
template <class T, int inputs, int scratch, int outputs = 1>
struct SameType {
  static constexpr int kInputs = inputs, kOutputs = outputs, kScratch = scratch;
  static constexpr int in_bytes(int) { return sizeof(T); }
  static constexpr int out_bytes(int) { return sizeof(T); }
  using Bytes = stream_detail::Bytes;
  using Reals = stream_detail::Reals;
};

// z = x + y in T itself; bfloat16 has no vector arithmetic and goes through fp32. Also the residual sum.
template <class T>
struct AddOp : SameType<T, 2, std::is_same<T, bfloat16_t>::value ? 2 : 0> {
  using Bytes = stream_detail::Bytes;
  using Reals = stream_detail::Reals;
  __aicore__ void operator()(Bytes* in, Bytes* out, Reals* s, std::int32_t n) const {
    using namespace AscendC;
    if constexpr (std::is_same<T, bfloat16_t>::value) {
      Cast(s[0], in[0].ReinterpretCast<T>(), RoundMode::CAST_NONE, static_cast<std::uint32_t>(n));
      Cast(s[1], in[1].ReinterpretCast<T>(), RoundMode::CAST_NONE, static_cast<std::uint32_t>(n));
      PipeBarrier<PIPE_V>();
      Add(s[0], s[0], s[1], n);
      stream_detail::put_reals<T>(out[0], s[0], n);
    } else {
      Add(out[0].ReinterpretCast<T>(), in[0].ReinterpretCast<T>(), in[1].ReinterpretCast<T>(), n);
    }
  }
};

// One type to another, to nearest even; half to bfloat16 and back through fp32.
template <class From, class To>
struct CastOp {
  static constexpr int kInputs = 1, kOutputs = 1, kScratch = 1;
  static constexpr int in_bytes(int) { return sizeof(From); }
  static constexpr int out_bytes(int) { return sizeof(To); }
  using Bytes = stream_detail::Bytes;
  using Reals = stream_detail::Reals;
  __aicore__ void operator()(Bytes* in, Bytes* out, Reals* s, std::int32_t n) const {
    using namespace AscendC;
    const auto count = static_cast<std::uint32_t>(n);
    if constexpr (std::is_same<From, float>::value) {
      Cast(out[0].ReinterpretCast<To>(), in[0].ReinterpretCast<float>(), RoundMode::CAST_RINT, count);
    } else if constexpr (std::is_same<To, float>::value) {
      Cast(out[0].ReinterpretCast<float>(), in[0].ReinterpretCast<From>(), RoundMode::CAST_NONE, count);
    } else {
      Cast(s[0], in[0].ReinterpretCast<From>(), RoundMode::CAST_NONE, count);
      stream_detail::put_reals<To>(out[0], s[0], n);
    }
  }
};

// Zeroes.
template <class T>
struct ZeroOp : SameType<T, 0, 0> {
  using Bytes = stream_detail::Bytes;
  using Reals = stream_detail::Reals;
  __aicore__ void operator()(Bytes*, Bytes* out, Reals*, std::int32_t n) const {
    AscendC::Duplicate(out[0].ReinterpretCast<T>(), T(0.0f), n);
  }
};

// One AdamW step, fp32 state: inputs weight, gradient (G), first and second moment; outputs weight, moments,
// and the weight in bfloat16 for the next forward pass.
template <class G>
struct AdamWOp {
  static constexpr int kInputs = 4, kOutputs = 4, kScratch = 2;
  static constexpr int in_bytes(int i) { return i == 1 ? sizeof(G) : 4; }
  static constexpr int out_bytes(int i) { return i == 3 ? 2 : 4; }
  using Bytes = stream_detail::Bytes;
  using Reals = stream_detail::Reals;
  float rate = 1e-3f, beta1 = 0.9f, beta2 = 0.95f, epsilon = 1e-8f, decay = 0.1f;
  float correction1 = 1, correction2 = 1;  // 1 - beta^step
  __aicore__ void operator()(Bytes* in, Bytes* out, Reals* s, std::int32_t n) const {
    using namespace AscendC;
    const Reals w = in[0].ReinterpretCast<float>(), m = in[2].ReinterpretCast<float>(),
                v = in[3].ReinterpretCast<float>();
    const Reals w2 = out[0].ReinterpretCast<float>(), m2 = out[1].ReinterpretCast<float>(),
                v2 = out[2].ReinterpretCast<float>();
    const Reals g = stream_detail::as_reals<G>(in[1], s[0], n);
    Muls(m2, m, beta1, n);
    Muls(v2, v, beta2, n);
    PipeBarrier<PIPE_V>();
    Axpy(m2, g, 1.0f - beta1, n);
    Mul(s[1], g, g, n);
    PipeBarrier<PIPE_V>();
    Axpy(v2, s[1], 1.0f - beta2, n);
    PipeBarrier<PIPE_V>();
    Muls(s[1], v2, 1.0f / correction2, n);
    PipeBarrier<PIPE_V>();
    Sqrt(s[1], s[1], n);
    PipeBarrier<PIPE_V>();
    Adds(s[1], s[1], epsilon, n);
    PipeBarrier<PIPE_V>();
    Div(s[1], m2, s[1], n);
    Muls(w2, w, 1.0f - rate * decay, n);
    PipeBarrier<PIPE_V>();
    Axpy(w2, s[1], -rate / correction1, n);
    PipeBarrier<PIPE_V>();
    Cast(out[3].ReinterpretCast<bfloat16_t>(), w2, RoundMode::CAST_RINT, static_cast<std::uint32_t>(n));
  }
};

}  // namespace etalon::kernels::npu
