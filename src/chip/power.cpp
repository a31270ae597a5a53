// SPDX-License-Identifier: Apache-2.0
#include "chip/power.h"

#include <algorithm>
#include <cmath>

namespace etalon::chip {

PowerFacts read_power_facts(const catalog::Chip& chip) {
  PowerFacts p;
  const double devices = chip.get_or<double>("package.devices", 1.0);
  p.budget = chip.get<Watts>("package.power") / devices;
  p.static_power = chip.get<Watts>("power.static");
  p.l2 = chip.get<JoulesPerByte>("energy.l2");
  p.hbm = chip.get<JoulesPerByte>("energy.hbm");
  p.clock_max = chip.get<Hertz>("clock.max");
  p.clock_reference = chip.get<Hertz>("power.reference_clock");
  p.clock_min = chip.get<Hertz>("power.minimum_clock");
  p.static_exponent = chip.get<double>("power.static_exponent");
  p.dynamic_exponent = chip.get<double>("power.dynamic_exponent");
  p.headroom = chip.get<double>("power.headroom");
  p.window = chip.get<Seconds>("power.window");
  return p;
}

Watts power_at(const PowerFacts& p, const Activity& a, Hertz f, Seconds t) {
  const double x = f.value / p.clock_reference.value;
  const Joules core = (a.compute + a.l2 * p.l2) * std::pow(x, p.dynamic_exponent);
  return p.static_power * std::pow(x, p.static_exponent) + (core + a.hbm * p.hbm) / t;
}

Settled settle_clock(const PowerFacts& p, const Activity& a, const std::function<Seconds(Hertz)>& time_at,
                     double repeats, bool sustained) {
  const auto excess = [&](Hertz f) {
    const Seconds t = time_at(f);
    const double burst = sustained ? INFINITY : repeats * t.value / p.window.value;
    const Watts budget = p.budget * (1 + p.headroom * std::exp(-burst));
    return (power_at(p, a, f, t) - budget).value;
  };
  Settled s;
  s.clock = p.clock_max;
  s.limited = excess(p.clock_max) > 0;
  if (s.limited) {
    double low = std::min(p.clock_min, p.clock_max).value, high = p.clock_max.value;
    for (int i = 0; i < 24; ++i) {  // to 1e-7 of the range
      const double middle = 0.5 * (low + high);
      (excess(Hertz{middle}) > 0 ? high : low) = middle;
    }
    s.clock = Hertz{low};
  }
  s.time = time_at(s.clock);
  s.energy = power_at(p, a, s.clock, s.time) * s.time;
  return s;
}

Settled settle_clock(const catalog::Chip& chip, const Activity& a,
                     const std::function<Seconds(Hertz)>& time_at, double repeats, bool sustained) {
  return settle_clock(read_power_facts(chip), a, time_at, repeats, sustained);
}

}  // namespace etalon::chip
