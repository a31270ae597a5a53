// SPDX-License-Identifier: Apache-2.0
#pragma once

// The clock a device settles at under a power budget. Long matrix products on current accelerators do not run
// at the boost clock: the board's controller lowers it until the power, averaged over some tens of
// milliseconds, fits. Short bursts end before the controller has reacted and may draw more.
//
//   P(f) = P_static (f/f0)^a  +  [sum e_unit FLOP_unit + e_L2 bytes] (f/f0)^b / t(f)  +  e_HBM bytes / t(f)
//   f    = the highest f <= f_max with P(f) <= budget (1 + headroom exp(-burst / window))
//
// a > b because leakage rises with the voltage that a higher clock needs. HBM has its own clock.

#include <functional>

#include "base/units.h"
#include "catalog/chip_facts.h"

namespace etalon::chip {

// The energy-relevant work of one kernel or one step.
struct Activity {
  Joules compute;  // matrix and vector work at the reference clock: sum of FLOP x energy per FLOP
  Bytes l2, hbm;   // bytes moved at each level
};

struct PowerFacts {
  Watts budget;  // per device
  Watts static_power;
  JoulesPerByte l2, hbm;
  Hertz clock_max, clock_min, clock_reference;
  double static_exponent = 1.5, dynamic_exponent = 0.85;
  double headroom = 0;
  Seconds window{1};
};
PowerFacts read_power_facts(const catalog::Chip&);

// Power at clock f of `activity` spread over time t.
Watts power_at(const PowerFacts&, const Activity&, Hertz f, Seconds t);

struct Settled {
  Hertz clock;
  Seconds time;  // of the activity at that clock
  Joules energy;
  bool limited = false;  // by power, not by the highest clock
};
// `time_at` gives the time of the activity at a clock (falling with it); `repeats` equal activities follow
// each other, so the burst lasts repeats x time; sustained: it never ends.
Settled settle_clock(const PowerFacts&, const Activity&, const std::function<Seconds(Hertz)>& time_at,
                     double repeats, bool sustained);

// The same with the time known at the current clock and the share of it that scales with the clock.
Settled settle_clock(const catalog::Chip&, const Activity&, const std::function<Seconds(Hertz)>& time_at,
                     double repeats = 1, bool sustained = false);

}  // namespace etalon::chip
