// SPDX-License-Identifier: Apache-2.0
#pragma once

// dst = a + b on whole tensors: as many elements as the destination has. The sum is written when it is assigned.

#include "vector.h"

namespace AscendC {
namespace detail {

template <class T, void (*operation)(const LocalTensor<T>&, const LocalTensor<T>&, const LocalTensor<T>&, std::uint32_t)>
struct WholeTensors {
  using TensorExpression = T;
  LocalTensor<T> a, b;
  void write(const LocalTensor<T>& dst) const { operation(dst, a, b, dst.GetSize()); }
};

}  // namespace detail

#define ETALON_TENSOR_OPERATOR(sign, name)                                                                  \
  namespace detail {                                                                                        \
  template <class T>                                                                                        \
  inline void whole_##name(const LocalTensor<T>& d, const LocalTensor<T>& a, const LocalTensor<T>& b,       \
                           std::uint32_t n) {                                                               \
    name(d, a, b, static_cast<std::int32_t>(n));                                                            \
  }                                                                                                         \
  }                                                                                                         \
  template <class T>                                                                                        \
  inline detail::WholeTensors<T, &detail::whole_##name<T>> operator sign(const LocalTensor<T>& a,           \
                                                                        const LocalTensor<T>& b) {          \
    return {a, b};                                                                                          \
  }
ETALON_TENSOR_OPERATOR(+, Add)
ETALON_TENSOR_OPERATOR(-, Sub)
ETALON_TENSOR_OPERATOR(*, Mul)
ETALON_TENSOR_OPERATOR(/, Div)
ETALON_TENSOR_OPERATOR(&, And)
ETALON_TENSOR_OPERATOR(|, Or)
#undef ETALON_TENSOR_OPERATOR

}  // namespace AscendC
