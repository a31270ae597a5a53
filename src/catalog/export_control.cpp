// SPDX-License-Identifier: Apache-2.0
#include "catalog/export_control.h"

#include <algorithm>

namespace etalon::catalog {
namespace {

struct Format {
  const char* path;
  const char* name;
  double bits;
};
// TF32 operands take 32 bits in memory, which gives the same TPP as 16-bit formats at twice the rate.
constexpr Format kFormats[] = {{"marketed.fp16", "FP16", 16}, {"marketed.bf16", "BF16", 16},
                               {"marketed.tf32", "TF32", 32}, {"marketed.fp32", "FP32", 32},
                               {"marketed.fp8", "FP8", 8},    {"marketed.int8", "INT8", 8},
                               {"marketed.fp4", "FP4", 4}};

}  // namespace

const char* name_of(ExportClass c) {
  switch (c) {
    case ExportClass::none:
      return "not 3A090.a or .b";
    case ExportClass::b:
      return "3A090.b";
    case ExportClass::a:
      return "3A090.a";
  }
  return "?";
}

// The thresholds are those of the rule's text, not facts of hardware.
ExportClass classify(double tpp, double density) {
  if (tpp >= 4800 || (tpp >= 1600 && density >= 5.92)) return ExportClass::a;
  if (tpp >= 2400 && density >= 1.6) return ExportClass::b;
  if (tpp >= 1600 && density >= 3.2) return ExportClass::b;
  return ExportClass::none;
}

ExportControl export_control(const Chip& package) {
  ExportControl out;
  for (const Format& format : kFormats) {
    if (!package.has(format.path)) continue;
    const Interval rate = package.facts().find(format.path)->second.si.scaled(format.bits * 1e-12);
    if (!out.is_known || rate.value > out.tpp.value) out.format = format.name;
    out.tpp = {std::max(out.tpp.low, rate.low), std::max(out.tpp.value, rate.value),
               std::max(out.tpp.high, rate.high)};
    out.is_known = true;
  }
  if (!out.is_known) return out;
  if (package.has("package.die_area")) {
    const Interval area = package.facts().find("package.die_area")->second.si.scaled(1e6);  // m^2 -> mm^2
    out.density = {out.tpp.low / area.high, out.tpp.value / area.value, out.tpp.high / area.low};
    out.has_density = true;
  }
  out.nominal = classify(out.tpp.value, out.density.value);
  out.least = classify(out.tpp.low, out.density.low);
  out.most = classify(out.tpp.high, out.density.high);
  return out;
}

}  // namespace etalon::catalog
