// SPDX-License-Identifier: Apache-2.0
#pragma once

// tensor(i): an element to read or to assign, by the scalar unit. Included by tensor.h.

#include <cstdint>
#include <type_traits>

namespace AscendC {
namespace detail {

template <class Tensor>
class Element {
 public:
  using Value = typename Tensor::PrimType;
  Element(const Tensor& tensor, std::uint64_t index) : tensor_(tensor), index_(index) {}

  Value get() const { return tensor_.GetValue(static_cast<typename Tensor::Index>(index_)); }
  operator Value() const { return get(); }  // NOLINT
  // half and the like become other numbers as they would themselves
  template <class U,
            class = std::enable_if_t<std::is_arithmetic<U>::value && !std::is_arithmetic<Value>::value>>
  explicit operator U() const {
    return static_cast<U>(get());
  }
  template <class U, class = std::enable_if_t<std::is_convertible<U, Value>::value>>
  const Element& operator=(const U& value) const {
    tensor_.SetValue(static_cast<typename Tensor::Index>(index_), static_cast<Value>(value));
    return *this;
  }
  const Element& operator=(const Element& other) const { return *this = other.get(); }
  template <class Other>
  const Element& operator=(const Element<Other>& other) const {
    return *this = static_cast<Value>(other.get());
  }
  Element(const Element&) = default;
#define ETALON_ELEMENT_ASSIGN(op)                        \
  template <class U>                                     \
  const Element& operator op##=(const U & value) const { \
    return *this = static_cast<Value>(get() op value);   \
  }
  ETALON_ELEMENT_ASSIGN(+)
  ETALON_ELEMENT_ASSIGN(-)
  ETALON_ELEMENT_ASSIGN(*)
  ETALON_ELEMENT_ASSIGN(/)
#undef ETALON_ELEMENT_ASSIGN

 private:
  Tensor tensor_;
  std::uint64_t index_;
};

// Of numbers that are classes; the others compute as what they convert to.
#define ETALON_ELEMENT_OPERATOR(op)                                                                 \
  template <class A, class U, class = std::enable_if_t<std::is_class<typename A::PrimType>::value>> \
  inline auto operator op(const Element<A>& a, const U& b)->decltype(a.get() op b) {                \
    return a.get() op b;                                                                            \
  }                                                                                                 \
  template <class A, class U, class = std::enable_if_t<std::is_class<typename A::PrimType>::value>> \
  inline auto operator op(const U& b, const Element<A>& a)->decltype(b op a.get()) {                \
    return b op a.get();                                                                            \
  }                                                                                                 \
  template <class A, class B, class = std::enable_if_t<std::is_class<typename A::PrimType>::value>> \
  inline auto operator op(const Element<A>& a, const Element<B>& b)->decltype(a.get() op b.get()) { \
    return a.get() op b.get();                                                                      \
  }
ETALON_ELEMENT_OPERATOR(+)
ETALON_ELEMENT_OPERATOR(-)
ETALON_ELEMENT_OPERATOR(*)
ETALON_ELEMENT_OPERATOR(/)
ETALON_ELEMENT_OPERATOR(<)
ETALON_ELEMENT_OPERATOR(>)
ETALON_ELEMENT_OPERATOR(<=)
ETALON_ELEMENT_OPERATOR(>=)
ETALON_ELEMENT_OPERATOR(==)
ETALON_ELEMENT_OPERATOR(!=)
#undef ETALON_ELEMENT_OPERATOR

}  // namespace detail
}  // namespace AscendC
