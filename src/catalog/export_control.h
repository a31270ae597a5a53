// SPDX-License-Identifier: Apache-2.0
#pragma once

// The metrics of the US export rules of October 2023 (source bis-3a090): total processing performance (TPP)
// is the greatest of dense rate in TOPS times bit length over all formats; performance density (PD) is TPP
// per mm^2 of logic die. Advertised rates of the package are used, as the rules ask for the theoretical peak.
// Left out: the tests on memory-bandwidth density (3A090.c) and the licence letters to single makers.

#include <string>

#include "base/interval.h"
#include "catalog/chip_facts.h"

namespace etalon::catalog {

enum class ExportClass { none, b, a };  // none: neither 3A090.a nor 3A090.b
const char* name_of(ExportClass);

struct ExportControl {
  bool is_known = false;  // the sheet holds some advertised rate
  Interval tpp;
  std::string format;  // the one that gives the greatest TPP
  bool has_density = false;
  Interval density;  // TPP per mm^2
  ExportClass nominal = ExportClass::none, least = ExportClass::none,
              most = ExportClass::none;  // over the ranges
};

ExportClass classify(double tpp, double density);
ExportControl export_control(const Chip& package);

}  // namespace etalon::catalog
