// SPDX-License-Identifier: Apache-2.0
#pragma once

// Activations and their gradients as operations of Stream, in Ascend C; fp32 inside.

#include "kernels/npu/elementwise.h"

namespace etalon::kernels::npu {

// t = 1 / (1 + exp(-factor x)), all fp32.
__aicore__ inline void sigmoid(const stream_detail::Reals& t, const stream_detail::Reals& x,
                               const stream_detail::Reals& ones, float factor, std::int32_t n) {
  using namespace AscendC;
  Muls(t, x, -factor, n);
  Duplicate(ones, 1.0f, n);
  PipeBarrier<PIPE_V>();
  Exp(t, t, n);
  PipeBarrier<PIPE_V>();
  Adds(t, t, 1.0f, n);
  PipeBarrier<PIPE_V>();
  Div(t, ones, t, n);
  PipeBarrier<PIPE_V>();
}
// y = x / (1 + exp(-factor x)), all fp32; `t` is room. factor 1: SiLU.
__aicore__ inline void sigmoid_product(const stream_detail::Reals& y, const stream_detail::Reals& x,
                                       const stream_detail::Reals& t, float factor, std::int32_t n) {
  using namespace AscendC;
  Muls(t, x, -factor, n);
  PipeBarrier<PIPE_V>();
  Exp(t, t, n);
  PipeBarrier<PIPE_V>();
  Adds(t, t, 1.0f, n);
  PipeBarrier<PIPE_V>();
  Div(y, x, t, n);
  PipeBarrier<PIPE_V>();
}

// out = silu(gate) * up.
template <class T>
struct SwigluOp : SameType<T, 2, 3> {
  using Bytes = stream_detail::Bytes;
  using Reals = stream_detail::Reals;
  __aicore__ void operator()(Bytes* in, Bytes* out, Reals* s, std::int32_t n) const {
    using namespace AscendC;
    const Reals gate = stream_detail::as_reals<T>(in[0], s[0], n),
                up = stream_detail::as_reals<T>(in[1], s[1], n);
    const Reals y = stream_detail::result_room<T>(out[0], s[0]);
    PipeBarrier<PIPE_V>();
    sigmoid_product(y, gate, s[2], 1.0f, n);
    Mul(y, y, up, n);
    stream_detail::put_reals<T>(out[0], y, n);
  }
};

// Inputs gate, up, dy; outputs of the gradient of gate: dy up (s + silu (1 - s)), s the sigmoid of gate; and
// of up: dy silu(gate).
template <class T>
struct SwigluGradientOp : SameType<T, 3, 5, 2> {
  using Bytes = stream_detail::Bytes;
  using Reals = stream_detail::Reals;
  __aicore__ void operator()(Bytes* in, Bytes* out, Reals* s, std::int32_t n) const {
    using namespace AscendC;
    const Reals gate = stream_detail::as_reals<T>(in[0], s[0], n),
                up = stream_detail::as_reals<T>(in[1], s[1], n),
                dy = stream_detail::as_reals<T>(in[2], s[2], n);
    const Reals share = s[3], room = s[4];
    const Reals d_gate = stream_detail::result_room<T>(out[0], s[1]),
                d_up = stream_detail::result_room<T>(out[1], s[2]);
    PipeBarrier<PIPE_V>();
    sigmoid(share, gate, room, 1.0f, n);
    Mul(room, up, dy, n);
    PipeBarrier<PIPE_V>();
    Mul(gate, gate, share, n);  // silu
    PipeBarrier<PIPE_V>();
    Mul(d_up, dy, gate, n);
    stream_detail::put_reals<T>(out[1], d_up, n);
    PipeBarrier<PIPE_V>();
    Mul(d_gate, gate, share, n);
    PipeBarrier<PIPE_V>();
    Sub(d_gate, gate, d_gate, n);
    PipeBarrier<PIPE_V>();
    Add(d_gate, d_gate, share, n);
    PipeBarrier<PIPE_V>();
    Mul(d_gate, d_gate, room, n);
    stream_detail::put_reals<T>(out[0], d_gate, n);
  }
};

// GELU by its tanh form: x sigmoid(z), z = 2 sqrt(2/pi) (x + 0.044715 x^3).
constexpr float kGeluLinear = 2.0f * 0.7978845608f, kGeluCubic = 0.044715f;

template <class T>
struct GeluOp : SameType<T, 1, 2> {
  using Bytes = stream_detail::Bytes;
  using Reals = stream_detail::Reals;
  __aicore__ void operator()(Bytes* in, Bytes* out, Reals* s, std::int32_t n) const {
    using namespace AscendC;
    const Reals x = stream_detail::as_reals<T>(in[0], s[0], n);
    const Reals y = stream_detail::result_room<T>(out[0], s[0]);
    PipeBarrier<PIPE_V>();
    Mul(s[1], x, x, n);
    PipeBarrier<PIPE_V>();
    Muls(s[1], s[1], kGeluCubic, n);
    PipeBarrier<PIPE_V>();
    Adds(s[1], s[1], 1.0f, n);
    PipeBarrier<PIPE_V>();
    Mul(s[1], s[1], x, n);
    PipeBarrier<PIPE_V>();
    Muls(s[1], s[1], -kGeluLinear, n);
    PipeBarrier<PIPE_V>();
    Exp(s[1], s[1], n);
    PipeBarrier<PIPE_V>();
    Adds(s[1], s[1], 1.0f, n);
    PipeBarrier<PIPE_V>();
    Div(y, x, s[1], n);
    stream_detail::put_reals<T>(out[0], y, n);
  }
};
// Inputs x, dy: dx = dy (s + x s (1 - s) z'), s the sigmoid of z.
template <class T>
struct GeluGradientOp : SameType<T, 2, 4> {
  using Bytes = stream_detail::Bytes;
  using Reals = stream_detail::Reals;
  __aicore__ void operator()(Bytes* in, Bytes* out, Reals* s, std::int32_t n) const {
    using namespace AscendC;
    const Reals x = stream_detail::as_reals<T>(in[0], s[0], n),
                dy = stream_detail::as_reals<T>(in[1], s[1], n);
    const Reals share = s[2], room = s[3];
    const Reals y = stream_detail::result_room<T>(out[0], s[1]);
    PipeBarrier<PIPE_V>();
    Mul(room, x, x, n);
    PipeBarrier<PIPE_V>();
    Muls(share, room, kGeluCubic * kGeluLinear, n);
    PipeBarrier<PIPE_V>();
    Muls(room, share, 3.0f, n);
    Adds(share, share, kGeluLinear, n);
    PipeBarrier<PIPE_V>();
    Adds(room, room, kGeluLinear, n);  // z'
    Mul(share, share, x, n);           // z
    PipeBarrier<PIPE_V>();
    Mul(room, room, x, n);
    Muls(share, share, -1.0f, n);
    PipeBarrier<PIPE_V>();
    Exp(share, share, n);
    PipeBarrier<PIPE_V>();
    Adds(share, share, 1.0f, n);
    Duplicate(x, 1.0f, n);
    PipeBarrier<PIPE_V>();
    Div(share, x, share, n);
    PipeBarrier<PIPE_V>();
    Sub(x, x, share, n);
    PipeBarrier<PIPE_V>();
    Mul(room, room, x, n);
    PipeBarrier<PIPE_V>();
    Adds(room, room, 1.0f, n);
    PipeBarrier<PIPE_V>();
    Mul(room, room, share, n);
    PipeBarrier<PIPE_V>();
    Mul(y, dy, room, n);
    stream_detail::put_reals<T>(out[0], y, n);
  }
};

// max(x, 0)^2.
template <class T>
struct SquaredReluOp : SameType<T, 1, 1> {
  using Bytes = stream_detail::Bytes;
  using Reals = stream_detail::Reals;
  __aicore__ void operator()(Bytes* in, Bytes* out, Reals* s, std::int32_t n) const {
    using namespace AscendC;
    const Reals x = stream_detail::as_reals<T>(in[0], s[0], n);
    const Reals y = stream_detail::result_room<T>(out[0], s[0]);
    PipeBarrier<PIPE_V>();
    Relu(y, x, n);
    PipeBarrier<PIPE_V>();
    Mul(y, y, y, n);
    stream_detail::put_reals<T>(out[0], y, n);
  }
};
// Inputs x, dy: dx = 2 max(x, 0) dy.
template <class T>
struct SquaredReluGradientOp : SameType<T, 2, 2> {
  using Bytes = stream_detail::Bytes;
  using Reals = stream_detail::Reals;
  __aicore__ void operator()(Bytes* in, Bytes* out, Reals* s, std::int32_t n) const {
    using namespace AscendC;
    const Reals x = stream_detail::as_reals<T>(in[0], s[0], n),
                dy = stream_detail::as_reals<T>(in[1], s[1], n);
    const Reals y = stream_detail::result_room<T>(out[0], s[0]);
    PipeBarrier<PIPE_V>();
    Relu(y, x, n);
    PipeBarrier<PIPE_V>();
    Muls(y, y, 2.0f, n);
    PipeBarrier<PIPE_V>();
    Mul(y, y, dy, n);
    stream_detail::put_reals<T>(out[0], y, n);
  }
};

}  // namespace etalon::kernels::npu
