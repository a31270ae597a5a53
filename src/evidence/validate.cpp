// SPDX-License-Identifier: Apache-2.0
#include "evidence/validate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <thread>

#include "base/rng.h"
#include "base/csv.h"

namespace etalon::evidence {
namespace {

double quantile(const std::vector<double>& sorted, double p) {
  const double at = p * static_cast<double>(sorted.size() - 1);
  const auto low = static_cast<std::size_t>(at);
  const std::size_t high = std::min(low + 1, sorted.size() - 1);
  return sorted[low] + (at - static_cast<double>(low)) * (sorted[high] - sorted[low]);
}

// A fixed spread that does not depend on the order of the file.
std::uint64_t lot(const Row& row) { return Rng(7, row.id).bits(); }

}  // namespace

std::vector<const Row*> select(const Corpus& corpus, const ValidateOptions& options) {
  std::vector<const Row*> chosen;
  for (const Row& row : corpus.rows) {
    if (options.kind && row.kind != *options.kind) continue;
    if (!options.chip.empty() && row.chip != options.chip) continue;
    chosen.push_back(&row);
  }
  if (options.limit_per_kind <= 0) return chosen;
  std::map<Kind, std::vector<std::uint64_t>> lots;
  for (const Row* row : chosen) lots[row->kind].push_back(lot(*row));
  const auto most = static_cast<std::size_t>(options.limit_per_kind);
  for (auto& [kind, values] : lots) std::sort(values.begin(), values.end());
  std::erase_if(chosen, [&](const Row* row) {
    const auto& values = lots[row->kind];
    return values.size() > most && lot(*row) >= values[most];
  });
  return chosen;
}

Validation validate(const Corpus& corpus, const FittedRows& fitted, const Predictor& predictor,
                    const ValidateOptions& options) {
  Validation out;
  for (const Row* row : select(corpus, options)) {
    out.rows.push_back(Checked{row, Prediction::skip("interrupted"), fitted.holds(*row)});
  }
  std::atomic<std::size_t> next = 0, done = 0;
  const auto cancelled = [&] { return options.cancelled && options.cancelled->load(); };
  const auto work = [&](bool reports) {
    for (std::size_t i = next++; i < out.rows.size() && !cancelled(); i = next++) {
      out.rows[i].prediction = predictor.predict(*out.rows[i].row);
      ++done;
      if (reports && options.progress) options.progress(done, out.rows.size());
    }
  };
  std::vector<std::jthread> helpers;
  for (int i = 1; i < std::max(1, options.jobs); ++i) helpers.emplace_back(work, false);
  work(true);
  helpers.clear();  // joins
  if (options.progress) options.progress(done, out.rows.size());
  out.cancelled = done < out.rows.size();
  return out;
}

ErrorStatistics statistics_of(const std::vector<const Checked*>& rows) {
  ErrorStatistics s;
  std::vector<double> absolute, with_sign;
  for (const Checked* row : rows) {
    if (!row->prediction.skipped.empty()) continue;
    const double error = row->relative_error();
    with_sign.push_back(error);
    absolute.push_back(std::abs(error));
    s.inside += row->is_inside();
    if (s.worst_id.empty() || absolute.back() > s.worst) s.worst = absolute.back(), s.worst_id = row->row->id;
  }
  s.rows = static_cast<int>(absolute.size());
  if (s.rows == 0) return s;
  std::sort(absolute.begin(), absolute.end());
  std::sort(with_sign.begin(), with_sign.end());
  s.median = quantile(absolute, 0.5);
  s.p90 = quantile(absolute, 0.9);
  s.bias = quantile(with_sign, 0.5);
  return s;
}

GroupKey group_of(const Checked& checked) {
  const Row& row = *checked.row;
  std::string source = row.source.substr(0, row.source.find_first_of("@ "));
  // One repository is one source, whichever of its files a row cites: keep owner and name of a path.
  const std::size_t owner = source.find('/');
  if (owner != std::string::npos && !source.starts_with("http"))
    source = source.substr(0, source.find('/', owner + 1));
  std::string metric = row.metric;
  if (const auto* op = std::get_if<llm::Operation>(&row.shape)) {
    if (const auto* attention = std::get_if<llm::Attention>(op)) metric = llm::name_of(attention->phase);
  } else if (const auto* collective = std::get_if<CollectiveShape>(&row.shape)) {
    metric = collective->op;
  } else if (const auto* program = std::get_if<ProgramShape>(&row.shape)) {
    metric = program->program + " " + row.metric;
  }
  return {row.kind, row.chip, row.dtype, source, metric, checked.fitted};
}

std::string csv_of(const Validation& validation) {
  std::string out = "id,kind,chip,measured,predicted,unit,relative_error,low,high,fidelity,fitted,skipped\n";
  for (const Checked& c : validation.rows) {
    const Prediction& p = c.prediction;
    const std::string head = fmt::format("{},{},{},{:.9g}", csv_cell(c.row->id), name_of(c.row->kind),
                                         csv_cell(c.row->chip), c.row->measured);
    if (p.skipped.empty()) {
      out += fmt::format("{},{:.9g},{},{:.6g},{:.9g},{:.9g},{},{},\n", head, p.value, c.row->unit,
                         c.relative_error(), p.low, p.high, name_of(p.fidelity), c.fitted ? 1 : 0);
    } else {
      out += fmt::format("{},,{},,,,,{},{}\n", head, c.row->unit, c.fitted ? 1 : 0, csv_cell(p.skipped));
    }
  }
  return out;
}

study::ResidualModel residuals_of(const Validation& validation) {
  std::vector<study::ResidualModel::Sample> samples;
  for (const Checked& c : validation.rows) {
    if (!c.fitted || !c.prediction.skipped.empty()) continue;
    const bool is_rate = c.row->unit.ends_with("/s") || c.row->unit == "%";
    const double log_ratio = std::log(c.row->measured / c.prediction.value);
    samples.push_back({c.prediction.mechanism, c.prediction.time, is_rate ? -log_ratio : log_ratio});
  }
  return study::ResidualModel::from(samples);
}

}  // namespace etalon::evidence
