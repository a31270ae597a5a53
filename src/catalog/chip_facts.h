// SPDX-License-Identifier: Apache-2.0
#pragma once

// The facts of one chip package or node as loaded from TOML, with typed look-up. A value type: `with` gives a
// changed copy, and derived facts follow. Look-ups are recorded, so that caches and reports know what was read.

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "catalog/fact.h"

namespace etalon::catalog {

enum class CoreKind { npu, gpu };

class FactSheet {
 public:
  FactSheet();
  std::string name, title, file;

  bool has(std::string_view path) const;
  // Throws std::logic_error naming path and sheet if absent or of another dimension: the schema, checked when
  // the file was loaded, makes that a bug of the caller and never of the user's file.
  template <class Q>
  Q get(std::string_view path) const {
    const double si = number(path, dimension_of(static_cast<Q*>(nullptr)));
    if constexpr (std::is_same_v<Q, double>) return si;
    else return Q{si};
  }
  template <class Q>
  Q get_or(std::string_view path, Q otherwise) const { return has(path) ? get<Q>(path) : otherwise; }
  double count(std::string_view path) const { return get<double>(path); }
  const std::string& choice(std::string_view path) const;  // categorical facts
  const std::map<std::string, Fact, std::less<>>& facts() const { return facts_; }

  // A copy with one primary fact set to `si` (bounds collapse to it) and derived facts recomputed.
  FactSheet with(std::string_view path, double si) const;
  FactSheet with_choice(std::string_view path, std::string choice) const;

  // Recording of look-ups: shared by copies until reset.
  std::set<std::string> facts_read() const;
  void start_recording();

  // SHA-256-able text of the given facts ("path=si;..."), sorted; all facts if `paths` is empty.
  std::string fingerprint(const std::set<std::string>& paths = {}) const;

  Result<std::monostate> insert(Fact fact);  // used by the loader; replaces a fact of the same path
  bool erase(std::string_view path);         // false if there was none
  Result<std::monostate> recompute_derived();

 private:
  double number(std::string_view path, Dimension expected) const;
  std::map<std::string, Fact, std::less<>> facts_;
  struct Recorder;
  std::shared_ptr<Recorder> recorder_;
};

// A chip file describes a package. devices_per_package is a fact; a kernel runs on one device.
struct Chip : FactSheet {
  CoreKind kind = CoreKind::gpu;
  std::string family;  // "ampere", "hopper", "blackwell", "dav-c220", "dav-3510"
  Chip with(std::string_view path, double si) const;
  Chip with_choice(std::string_view path, std::string choice) const;
};
// A node: packages of one chip and the fabric between them.
struct Node : FactSheet {
  std::string chip;  // name of the chip file
  int packages = 8;
  Node with(std::string_view path, double si) const;
  Node with_choice(std::string_view path, std::string choice) const;
};

}  // namespace etalon::catalog
