// SPDX-License-Identifier: Apache-2.0
#pragma once

// dst = a + b on whole tensors: as many elements as the destination has. The sum is written when it is
// assigned.

#include "vector.h"
#include "vector_select.h"

namespace AscendC {
namespace detail {

template <class T, void (*operation)(const LocalTensor<T>&, const LocalTensor<T>&, const LocalTensor<T>&,
                                     std::uint32_t)>
struct WholeTensors {
  using TensorExpression = T;
  LocalTensor<T> a, b;
  void write(const LocalTensor<T>& dst) const { operation(dst, a, b, dst.GetSize()); }
};

}  // namespace detail

#define ETALON_TENSOR_OPERATOR(sign, name)                                                            \
  namespace detail {                                                                                  \
  template <class T>                                                                                  \
  inline void whole_##name(const LocalTensor<T>& d, const LocalTensor<T>& a, const LocalTensor<T>& b, \
                           std::uint32_t n) {                                                         \
    name(d, a, b, static_cast<std::int32_t>(n));                                                      \
  }                                                                                                   \
  }                                                                                                   \
  template <class T>                                                                                  \
  inline detail::WholeTensors<T, &detail::whole_##name<T>> operator sign(const LocalTensor<T>& a,     \
                                                                         const LocalTensor<T>& b) {   \
    return {a, b};                                                                                    \
  }
ETALON_TENSOR_OPERATOR(+, Add)
ETALON_TENSOR_OPERATOR(-, Sub)
ETALON_TENSOR_OPERATOR(*, Mul)
ETALON_TENSOR_OPERATOR(/, Div)
ETALON_TENSOR_OPERATOR(&, And)
ETALON_TENSOR_OPERATOR(|, Or)
#undef ETALON_TENSOR_OPERATOR

// bits = a < b: one bit for each element of the sources.
namespace detail {
template <class T, CMPMODE mode>
struct WholeComparison {
  using TensorExpression = T;
  LocalTensor<T> a, b;
  template <class U>
  void write(const LocalTensor<U>& dst) const {
    Compare(dst, a, b, mode, a.GetSize());
  }
};
}  // namespace detail

#define ETALON_TENSOR_COMPARISON(sign, mode)                                                \
  template <class T>                                                                        \
  inline detail::WholeComparison<T, CMPMODE::mode> operator sign(const LocalTensor<T>& a,   \
                                                                 const LocalTensor<T>& b) { \
    return {a, b};                                                                          \
  }
ETALON_TENSOR_COMPARISON(<, LT)
ETALON_TENSOR_COMPARISON(>, GT)
ETALON_TENSOR_COMPARISON(<=, LE)
ETALON_TENSOR_COMPARISON(>=, GE)
ETALON_TENSOR_COMPARISON(==, EQ)
ETALON_TENSOR_COMPARISON(!=, NE)
#undef ETALON_TENSOR_COMPARISON

}  // namespace AscendC
