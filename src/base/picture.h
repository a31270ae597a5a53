// SPDX-License-Identifier: Apache-2.0
#pragma once

// Pictures as data; the room `report` draws them.

#include <string>
#include <vector>

namespace etalon {

// What arithmetic and what memory allow, and where kernels stand below them.
struct Roofline {
  std::string title, operations;  // "floating-point operations"
  struct Roof {
    std::string name;
    double per_s = 0;  // operations
  };
  struct Slope {
    std::string name;
    double bytes_per_s = 0;
  };
  struct Point {
    std::string name;
    double per_byte = 0, per_s = 0;  // operations
  };
  std::vector<Roof> roofs;
  std::vector<Slope> slopes;
  std::vector<Point> points;
};

// How much of one span of time each part of a machine spends on what; what is left is idle.
struct Occupancy {
  std::string title;
  double whole_us = 0;
  std::vector<std::string> kinds;  // "busy", "waits for flags", ...
  struct Bar {
    std::string name;
    std::vector<double> us;  // as `kinds`
  };
  std::vector<Bar> bars;
};

}  // namespace etalon
