// SPDX-License-Identifier: Apache-2.0
#pragma once

// Costs already computed, in a file shared by threads and processes.
//
// An entry is found by what was asked (operation, harness, fidelity, sources of the model) and by the values
// of the facts that the computation read: a changed fact that was not read does not spoil it. A cache that
// cannot be opened, read or written is done without; the reason is a finding.

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/finding.h"
#include "kernels/cost.h"

namespace etalon::kernels {

class CostCache {
 public:
  explicit CostCache(const std::string& file);  // empty: no file
  ~CostCache();
  CostCache(const CostCache&) = delete;

  // `fingerprint` hashes the present values of the given fact paths (one per line).
  using Fingerprint = std::function<std::string(const std::string& paths)>;
  std::optional<KernelCost> find(const std::string& key, const Fingerprint&);
  void store(const std::string& key, const std::string& paths, const std::string& fingerprint,
             const KernelCost&);
  Findings findings() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Text form of a cost, exact to the bit; the timeline is left out.
std::string to_text(const KernelCost&);
std::optional<KernelCost> cost_from_text(const std::string&);

}  // namespace etalon::kernels
