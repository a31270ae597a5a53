// SPDX-License-Identifier: Apache-2.0
#pragma once

// Evidence against predictions: every row, and per kind, chip, dtype and source the median, the 90th
// percentile and the worst of |predicted - measured| / measured, and how often the measured value lies in our
// interval. Rows that constants were fitted on are counted apart.

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/document.h"
#include "evidence/fitted.h"
#include "evidence/predict.h"

namespace etalon::evidence {

struct Checked {
  const Row* row = nullptr;
  Prediction prediction;
  bool fitted = false;
  double relative_error() const { return (prediction.value - row->measured) / row->measured; }
  bool is_inside() const { return prediction.low <= row->measured && row->measured <= prediction.high; }
};

struct ValidateOptions {
  std::optional<Kind> kind;
  std::string chip;        // empty: all
  int limit_per_kind = 0;  // 0: all; else a fixed spread of so many rows of each kind
  int jobs = 2;
  std::function<void(std::size_t done, std::size_t total)> progress;  // called by the calling thread only
  const std::atomic<bool>* cancelled = nullptr;
};

struct ErrorStatistics {
  int rows = 0, inside = 0;
  double median = 0, p90 = 0, worst = 0, bias = 0;  // bias: median of the signed error
  std::string worst_id;
};
// Over rows that were predicted; percentiles by linear interpolation between ranks.
ErrorStatistics statistics_of(const std::vector<const Checked*>& rows);

struct Validation {
  std::vector<Checked> rows;  // in the order of the corpus
  bool cancelled = false;
};

// The rows chosen by kind, chip and limit, in the order of the corpus.
std::vector<const Row*> select(const Corpus& corpus, const ValidateOptions& options);
Validation validate(const Corpus& corpus, const FittedRows& fitted, const Predictor& predictor,
                    const ValidateOptions& options);

// Groups of rows that belong together in a table: "gemm | h100-sxm | bf16 | ai-dynamo/aiconfigurator".
struct GroupKey {
  Kind kind;
  std::string chip, dtype, source, metric;
  bool fitted = false;
  auto operator<=>(const GroupKey&) const = default;
};
GroupKey group_of(const Checked& row);

Document report(const Corpus& corpus, const Validation& validation);
// id,kind,chip,measured,predicted,unit,relative_error,low,high,fidelity,fitted,skipped
std::string csv_of(const Validation& validation);
// ln(measured / predicted time) of the fitted rows.
study::ResidualModel residuals_of(const Validation& validation);

}  // namespace etalon::evidence
