// SPDX-License-Identifier: Apache-2.0
#pragma once

// The facts of one chip package or node as loaded from TOML, with typed look-up. A value type: `with` gives a
// changed copy, and derived facts follow. Look-ups are recorded, so that caches and reports know what was
// read.

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "catalog/fact.h"

namespace etalon::catalog {

enum class CoreKind { npu, gpu };

class FactSheet {
 public:
  FactSheet();
  std::string name, title, file;
  std::vector<std::string> bases;  // names of the files this one builds on, nearest first

  bool has(std::string_view path) const;
  // Throws std::logic_error naming path and sheet if absent or of another dimension: the schema, checked when
  // the file was loaded, makes that a bug of the caller and never of the user's file.
  template <class Q>
  Q get(std::string_view path) const {
    const double si = number(path, dimension_of(static_cast<Q*>(nullptr)));
    if constexpr (std::is_same_v<Q, double>)
      return si;
    else
      return Q{si};
  }
  template <class Q>
  Q get_or(std::string_view path, Q otherwise) const {
    return has(path) ? get<Q>(path) : otherwise;
  }
  double count(std::string_view path) const { return get<double>(path); }
  const std::string& choice(std::string_view path) const;  // categorical facts
  const std::map<std::string, Fact, std::less<>>& facts() const { return facts_; }

  // A copy with one primary fact set to `si` (bounds collapse to it) and derived facts recomputed.
  FactSheet with(std::string_view path, double si) const;
  // A copy with another choice, and with the facts that follow from it (see Alternatives): choose before
  // setting numbers, since a switch puts the facts of the new choice in their place.
  FactSheet with_choice(std::string_view path, std::string choice) const;

  // Recording of look-ups: shared by copies until reset.
  std::set<std::string> facts_read() const;
  void start_recording();

  // SHA-256-able text of the given facts ("path=si;..."), sorted; all facts if `paths` is empty.
  std::string fingerprint(const std::set<std::string>& paths = {}) const;

  Result<std::monostate> insert(Fact fact);  // used by the loader; replaces a fact of the same path
  bool erase(std::string_view path);         // false if there was none
  Result<std::monostate> recompute_derived();

  // Facts that hold only under one choice of a categorical fact: which core a rumoured chip has decides its
  // buffers, data paths and instruction costs. Set by the loader; `insert` makes a fact hold under all
  // choices.
  using Facts = std::map<std::string, Fact, std::less<>>;
  using Alternatives =
      std::map<std::string, std::map<std::string, Facts>>;  // path of the choice -> choice -> facts
  void set_alternatives(const std::string& path, std::map<std::string, Facts> by_choice);
  void apply_alternatives();  // puts in place what follows from the present choices

 private:
  double number(std::string_view path, Dimension expected) const;
  Facts facts_;
  std::shared_ptr<const Alternatives> alternatives_;  // null if there are none
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
