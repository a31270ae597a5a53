// SPDX-License-Identifier: Apache-2.0
// Vector arithmetic on integers: it wraps.
#include <algorithm>
#include <string>

#include "ascendc/launch/core_runtime.h"

namespace etalon::ascendc {

void apply_integers(const etalon_asc_vector& v, const std::int64_t* a, const std::int64_t* b, std::int64_t* d,
                    int n) {
  using U = std::uint64_t;
  const std::int64_t s = v.scalar.integer;
  const auto each = [&](auto f) {
    for (int i = 0; i < n; ++i) d[i] = f(i);
  };
  const auto wrap = [](U x) { return static_cast<std::int64_t>(x); };
  switch (v.op) {
    case kAscAdd:
      each([&](int i) { return wrap(U(a[i]) + U(b[i])); });
      break;
    case kAscSub:
      each([&](int i) { return wrap(U(a[i]) - U(b[i])); });
      break;
    case kAscMul:
      each([&](int i) { return wrap(U(a[i]) * U(b[i])); });
      break;
    case kAscDiv:
      each([&](int i) { return b[i] == 0 ? 0 : a[i] / b[i]; });
      break;
    case kAscMax:
      each([&](int i) { return std::max(a[i], b[i]); });
      break;
    case kAscMin:
      each([&](int i) { return std::min(a[i], b[i]); });
      break;
    case kAscAnd:
      each([&](int i) { return a[i] & b[i]; });
      break;
    case kAscOr:
      each([&](int i) { return a[i] | b[i]; });
      break;
    case kAscAddRelu:
      each([&](int i) { return std::max<std::int64_t>(a[i] + b[i], 0); });
      break;
    case kAscSubRelu:
      each([&](int i) { return std::max<std::int64_t>(a[i] - b[i], 0); });
      break;
    case kAscMulAddDst:
      each([&](int i) { return wrap(U(a[i]) * U(b[i]) + U(d[i])); });
      break;
    case kAscAdds:
      each([&](int i) { return wrap(U(a[i]) + U(s)); });
      break;
    case kAscMuls:
      each([&](int i) { return wrap(U(a[i]) * U(s)); });
      break;
    case kAscMaxs:
      each([&](int i) { return std::max(a[i], s); });
      break;
    case kAscMins:
      each([&](int i) { return std::min(a[i], s); });
      break;
    case kAscShiftLeft:
      each([&](int i) { return wrap(U(a[i]) << (s & 63)); });
      break;
    case kAscShiftRight:
      if (v.detail != 0 && s > 0)  // rounded: the last bit shifted out is added
        each([&](int i) { return (a[i] >> (s & 63)) + (a[i] >> ((s - 1) & 63) & 1); });
      else
        each([&](int i) { return a[i] >> (s & 63); });
      break;
    case kAscAxpy:
      each([&](int i) { return wrap(U(a[i]) * U(s) + U(d[i])); });
      break;
    case kAscAbs:
      each([&](int i) { return a[i] < 0 ? wrap(U{0} - U(a[i])) : a[i]; });
      break;
    case kAscRelu:
      each([&](int i) { return std::max<std::int64_t>(a[i], 0); });
      break;
    case kAscNot:
      each([&](int i) { return ~a[i]; });
      break;
    case kAscDuplicate:
      each([&](int) { return s; });
      break;
    case kAscCopy:
      each([&](int i) { return a[i]; });
      break;
    default:
      throw DeviceFault("ascendc.type", std::string(name_of(static_cast<EtalonAscOp>(v.op))) +
                                            " has no form for integer types");
  }
}

}  // namespace etalon::ascendc
