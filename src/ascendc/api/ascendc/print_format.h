// SPDX-License-Identifier: Apache-2.0
#pragma once

// Text with values, by the format language of printf. Every value knows its own type, so that a format that
// does not fit the values is a finding, or the value as it is, and never a look at memory that is not there.

#include <cstdio>
#include <cstring>
#include <string>
#include <type_traits>

#include "abi.h"

namespace AscendC {
namespace detail {

struct PrintValue {
  enum Kind : unsigned char { kSigned, kUnsigned, kReal, kText, kPointer } kind;
  long long integer = 0;             // of an unsigned type: its bits
  unsigned long long same_bits = 0;  // of a signed one: those bits, no more than its type has
  double real = 0;
  const void* pointer = nullptr;
};

template <class T>
inline PrintValue print_value_of(const T& value) {
  PrintValue v{};
  using D = std::decay_t<T>;
  if constexpr (std::is_enum<D>::value) {
    return print_value_of(static_cast<std::underlying_type_t<D>>(value));
  } else if constexpr (std::is_same<D, bool>::value) {
    v.kind = PrintValue::kSigned;
    v.integer = value ? 1 : 0;
    v.same_bits = value ? 1 : 0;
  } else if constexpr (std::is_integral<D>::value) {
    v.kind = std::is_signed<D>::value ? PrintValue::kSigned : PrintValue::kUnsigned;
    v.integer = static_cast<long long>(static_cast<std::make_signed_t<D>>(value));
    v.same_bits = static_cast<unsigned long long>(static_cast<std::make_unsigned_t<D>>(value));
    // Narrow arguments become int before they are passed.
    if (sizeof(D) < 4) v.integer = static_cast<long long>(value), v.same_bits = static_cast<unsigned>(value);
  } else if constexpr (std::is_same<D, std::nullptr_t>::value) {
    v.kind = PrintValue::kPointer;
  } else if constexpr (std::is_pointer<D>::value) {
    using E = std::remove_cv_t<std::remove_pointer_t<D>>;
    v.kind = std::is_same<E, char>::value ? PrintValue::kText : PrintValue::kPointer;
    v.pointer = reinterpret_cast<const void*>(value);
  } else {
    v.kind = PrintValue::kReal;
    v.real = static_cast<double>(
        static_cast<std::conditional_t<std::is_same<D, double>::value, double, float>>(value));
  }
  return v;
}

class PrintFormat {
 public:
  PrintFormat(const char* format, const PrintValue* values, int count)
      : at_(format), values_(values), count_(count) {}

  // Prints; returns how many bytes.
  int print() {
    if (at_ == nullptr) etalon_asc_fail("ascendc.printf", "printf without a format: the pointer is null");
    while (*at_ != '\0') {
      const std::size_t plain = std::strcspn(at_, "%");
      put(at_, plain);
      at_ += plain;
      if (*at_ != '\0') conversion();
    }
    return written_;
  }

 private:
  static constexpr int kWidest = 1000;  // columns or digits

  void put(const char* text, std::size_t bytes) {
    written_ += static_cast<int>(std::fwrite(text, 1, bytes, stdout));
  }

  const PrintValue& next() {
    if (taken_ == count_) {
      char text[96];
      std::snprintf(text, sizeof text, "printf: the format asks for more values than the %d it is given",
                    count_);
      etalon_asc_fail("ascendc.printf", text);
    }
    return values_[taken_++];
  }
  // A number or *; -1: there is none.
  int number() {
    if (*at_ == '*') {
      ++at_;
      const long long n = next().integer;
      return n < 0 ? 0 : n > kWidest ? kWidest : static_cast<int>(n);
    }
    if (*at_ < '0' || *at_ > '9') return -1;
    int n = 0;
    for (; *at_ >= '0' && *at_ <= '9'; ++at_) n = n >= kWidest ? kWidest : n * 10 + (*at_ - '0');
    return n < kWidest ? n : kWidest;
  }
  template <class V>
  void as(const std::string& spec, const char* conversion, V value) {
    const int n = std::printf((spec + conversion).c_str(), value);
    written_ += n > 0 ? n : 0;
  }
  void conversion() {
    const char* begin = at_++;
    std::string spec = "%";
    for (; *at_ != '\0' && std::strchr("-+ #0", *at_) != nullptr; ++at_) {
      if (spec.size() < 6) spec += *at_;
    }
    if (const int width = number(); width >= 0) spec += std::to_string(width);
    if (*at_ == '.') {
      ++at_;
      const int digits = number();
      spec += '.' + std::to_string(digits < 0 ? 0 : digits);
    }
    while (*at_ != '\0' && std::strchr("hlLqjzt", *at_) != nullptr) ++at_;  // the value knows better
    const char c = *at_;
    if (c == '%') {
      put("%", 1);
    } else if (c != '\0' && std::strchr("diuxXocfFeEgGaAsp", c) != nullptr) {
      one(spec, c, next());
    } else if (c == 'n') {
      etalon_asc_fail("ascendc.printf", "printf: %n writes to memory; a device prints only");
    } else {
      put(begin, static_cast<std::size_t>(at_ - begin) + (c != '\0' ? 1 : 0));
    }
    if (c != '\0') ++at_;
  }
  void one(const std::string& spec, char c, const PrintValue& v) {
    const bool is_real = v.kind == PrintValue::kReal,
               is_pointer = v.pointer != nullptr || v.kind > PrintValue::kReal;
    if (c == 's') {
      if (v.kind != PrintValue::kText) etalon_asc_fail("ascendc.printf", "printf: %s of what is no text");
      as(spec, "s", v.pointer != nullptr ? static_cast<const char*>(v.pointer) : "(null)");
    } else if (c == 'p') {
      as(spec, "p", is_pointer ? v.pointer : reinterpret_cast<const void*>(v.same_bits));
    } else if (std::strchr("fFeEgGaA", c) != nullptr) {
      const char text[2] = {c, '\0'};
      as(spec, text,
         is_real                           ? v.real
         : v.kind == PrintValue::kUnsigned ? static_cast<double>(v.same_bits)
                                           : static_cast<double>(v.integer));
    } else if (c == 'c') {
      as(spec, "c", static_cast<int>(v.integer));
    } else {
      // Reals far outside have no such number.
      const double limit = 9.2e18, real = v.real > limit ? limit : v.real >= -limit ? v.real : -limit;
      const long long value = is_real      ? static_cast<long long>(real)
                              : is_pointer ? reinterpret_cast<long long>(v.pointer)
                                           : v.integer;
      const char text[4] = {'l', 'l', c, '\0'};
      if (c == 'd' || c == 'i')
        as(spec, text, value);
      else
        as(spec, text, is_real || is_pointer ? static_cast<unsigned long long>(value) : v.same_bits);
    }
  }

  const char* at_;
  const PrintValue* values_;
  int count_, taken_ = 0, written_ = 0;
};

}  // namespace detail

template <class... Values>
inline int printf(const char* format, const Values&... values) {
  const detail::PrintValue all[] = {detail::print_value_of(values)..., detail::PrintValue{}};
  return detail::PrintFormat(format, all, static_cast<int>(sizeof...(Values))).print();
}

template <class... Values>
inline int PRINTF(const char* format, const Values&... values) {
  return AscendC::printf(format, values...);
}

}  // namespace AscendC
