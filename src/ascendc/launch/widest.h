// SPDX-License-Identifier: Apache-2.0
#pragma once

// Loops over numbers in the widest vector registers the host has. Such a loop is compiled twice, for any host
// and for one with AVX2, and gives the same bits either way: no fused products, no sums in another order.

namespace etalon::ascendc {

// Loops given to `widest` are lambdas so marked; what they call has to be inlined into them.
#define ETALON_INLINE __attribute__((always_inline))

#if defined(__x86_64__)
inline const bool kHasAvx2 = __builtin_cpu_supports("avx2") != 0;

template <class Loop>
__attribute__((target("avx2"), noinline)) void with_avx2(const Loop& loop) {
  loop();
}
template <class Loop>
inline void widest(const Loop& loop) {
  if (kHasAvx2)
    with_avx2(loop);
  else
    loop();
}
#else
template <class Loop>
inline void widest(const Loop& loop) {
  loop();
}
#endif

}  // namespace etalon::ascendc
