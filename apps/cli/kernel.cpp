// SPDX-License-Identifier: Apache-2.0
// etalon kernel OPERATION --chip C, each operation with the flags of its own shape.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <charconv>
#include <memory>
#include <thread>

#include "apps/cli/commands.h"
#include "apps/cli/kernel_shapes.h"
#include "apps/cli/progress.h"
#include "base/interrupt.h"
#include "base/text.h"
#include "catalog/catalog.h"
#include "report/report.h"
#include "study/cache_file.h"
#include "study/kernel_report.h"
#include "study/peaks.h"
#include "study/residual.h"

namespace etalon::cli {
namespace {

void add_common(CLI::App& command, Common& c) {
  command.add_option("--chip", c.chip, "a name of the catalog or a TOML file")->required();
  command.add_option("--fidelity", c.fidelity, "cycle (simulated) or formula")
      ->check(CLI::IsMember({"cycle", "formula"}));
  command.add_option("--timeline", c.timeline, "write a Chrome trace of the simulated kernel to FILE")
      ->type_name("FILE");
  command.add_option("--sweep", c.sweep, "NAME=FROM:TO:xFACTOR or NAME=FROM:TO:+STEP over one count");
  command.add_option("--launch", c.launch, "what is timed: graph, eager or profiler")
      ->check(CLI::IsMember({"graph", "eager", "profiler"}));
  command.add_option("--replays", c.replays, "equal calls back to back")->check(CLI::Range(1, 1'000'000));
  command.add_option("--weight-copies", c.copies, "cycle through so many copies of the weights")
      ->check(CLI::Range(1, 1'000'000));
  command.add_flag("--cold", c.cold, "caches hold other data before each call");
  command.add_flag("--no-cache", c.no_cache, "simulate afresh");
  command.add_option("--jobs", c.jobs, "threads of a sweep")->check(CLI::Range(1, 256));
}

struct Sweep {
  std::string name;
  std::vector<std::int64_t> values;
};

Result<Sweep> parse_sweep(const std::string& text, const Shape& shape) {
  const auto wrong = [&](const std::string& what) {
    return etalon::fail("kernel.sweep", fmt::format("--sweep {}: {}", text, what),
                        "for example --sweep m=64:8192:x2 or --sweep m=64:8192:+64");
  };
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos) return wrong("expected NAME=FROM:TO:STEP");
  Sweep sweep{text.substr(0, equals), {}};
  if (!shape.counts.contains(sweep.name)) {
    std::vector<std::string> names;
    for (const auto& [name, value] : shape.counts) names.push_back(name);
    return wrong(fmt::format("no count named {}; there are {}", sweep.name, fmt::join(names, ", ")));
  }
  const std::vector<std::string> parts = split(std::string_view(text).substr(equals + 1), ':');
  std::int64_t from = 0, to = 0, step = 0;
  const auto number = [](std::string_view s, std::int64_t& out) {
    const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), out);
    return error == std::errc() && end == s.data() + s.size() && out >= 1 && out <= kLargest;
  };
  const bool is_complete = parts.size() == 3 && parts[2].size() > 1 && number(parts[0], from) &&
                           number(parts[1], to) && number(std::string_view(parts[2]).substr(1), step);
  if (!is_complete || (parts[2][0] != 'x' && parts[2][0] != '+'))
    return wrong("expected FROM:TO:xFACTOR or FROM:TO:+STEP");
  const bool multiplies = parts[2][0] == 'x';
  if (from > to || (multiplies && step < 2)) return wrong("the step does not lead from FROM to TO");
  for (std::int64_t v = from; v <= to; v = multiplies ? v * step : v + step) {
    sweep.values.push_back(v);
    if (sweep.values.size() > 1000) return wrong("more than 1000 points");
  }
  return sweep;
}

kernels::Harness harness_of(const Common& c) {
  kernels::Harness h;
  using Launch = kernels::Harness::Launch;
  h.launch = c.launch == "eager" ? Launch::eager : c.launch == "profiler" ? Launch::profiler : Launch::graph;
  h.warm = !c.cold;
  h.replays = c.replays;
  h.weight_copies = c.copies;
  return h;
}

// All points of a sweep, some at a time; the results keep their order.
Result<std::vector<study::KernelRun>> run_all(const kernels::CostModel& model, const Shape& shape,
                                              const Sweep& sweep) {
  std::vector<std::optional<Result<kernels::KernelCost>>> costs(sweep.values.size());
  std::vector<llm::Operation> operations;
  for (std::int64_t value : sweep.values) {
    Shape at = shape;
    at.counts[sweep.name] = value;
    TRY(operation, shape.make(at));
    operations.push_back(operation);
  }
  Progress progress("sweep");
  std::atomic<std::size_t> next = 0, done = 0;
  const auto work = [&](bool shows) {
    for (std::size_t i = next++; i < operations.size() && !is_interrupted(); i = next++) {
      costs[i] = model.cost(operations[i], harness_of(shape.common));
      ++done;
      if (shows) progress(done, operations.size());
    }
  };
  {
    std::vector<std::jthread> helpers;
    for (int i = 1; i < shape.common.jobs; ++i) helpers.emplace_back(work, false);
    work(true);
  }
  std::vector<study::KernelRun> runs;
  for (std::size_t i = 0; i < operations.size(); ++i) {
    if (!costs[i]) return etalon::fail("study.cancelled", "interrupted");
    if (!*costs[i]) return etalon::fail(costs[i]->error());
    runs.push_back({operations[i], **costs[i]});
  }
  return runs;
}

// Formats that the matrix units of the chip do not multiply.
Result<std::monostate> check_units(const catalog::Chip& chip, const llm::Operation& operation) {
  const llm::Dtype dtype = study::dtype_of(operation);
  if (llm::flops(operation).value <= 0 || study::peaks_of(chip, dtype).matrix) return std::monostate{};
  return etalon::fail(
      "kernel.dtype",
      fmt::format("the matrix units of {} do not multiply {}", chip.name, llm::name_of(dtype)),
      "`etalon chips show " + chip.name + "` lists their rates");
}

Result<std::monostate> check_counts(const Shape& shape) {
  for (const auto& [name, value] : shape.counts) {
    if (value != 0 || shape.common.sweep.starts_with(name + "=")) continue;
    return etalon::fail("usage.wrong", fmt::format("--{} is needed", name), "give it, or sweep over it");
  }
  return std::monostate{};
}

Result<Document> run_kernel(const Shape& shape) {
  const Common& c = shape.common;
  TRY_VOID(check_counts(shape));
  if (!c.sweep.empty() && !c.timeline.empty()) {
    return etalon::fail("kernel.sweep", "a timeline is of one shape, not of a sweep",
                        "leave out --sweep or --timeline");
  }
  TRY(chip, catalog::find_chip(c.chip));
  kernels::CostOptions options;
  options.fidelity = c.fidelity == "formula" ? Fidelity::formula : Fidelity::cycle;
  options.want_timeline = !c.timeline.empty();
  if (options.want_timeline && options.fidelity == Fidelity::formula) {
    return etalon::fail("kernel.timeline", "a formula has no timeline", "use --fidelity cycle");
  }
  if (!c.no_cache) options.cache_file = study::cache_file();
  const kernels::CostModel model(chip, options);
  TRY(residuals, study::ResidualModel::load(catalog::data_directory() / "calibration" / "residuals.csv"));
  Document document;
  if (!c.sweep.empty()) {
    TRY(sweep, parse_sweep(c.sweep, shape));
    Shape at = shape;
    at.counts[sweep.name] = sweep.values.front();
    TRY(first, shape.make(at));
    TRY_VOID(check_units(chip, first));
    TRY(runs, run_all(model, shape, sweep));
    document = study::sweep_report(chip, sweep.name, sweep.values, runs);
  } else {
    TRY(operation, shape.make(shape));
    TRY_VOID(check_units(chip, operation));
    TRY(cost, model.cost(operation, harness_of(c)));
    const Interval factors = residuals.factors(cost.mechanism, cost.time);
    cost.low = cost.time * factors.low, cost.high = cost.time * factors.high;
    document = study::kernel_report(chip, {operation, cost});
    if (options.want_timeline && !cost.timeline) {
      return etalon::fail(
          "kernel.timeline",
          fmt::format("{} gives no timeline", cost.tiling.empty() ? "this kernel" : cost.tiling),
          "it is costed by formula");
    }
    if (cost.timeline) {
      if (auto done = report::write_file(c.timeline, report::as_chrome_trace(*cost.timeline)); !done) {
        return etalon::fail(done.error());
      }
    }
  }
  for (const Finding& f : model.findings()) document.findings.push_back(f);
  return document;
}

// Makes the subcommand of one operation.
void add_operation(CLI::App& kernel, Context& context, const OperationCommand& operation) {
  auto shape = std::make_shared<Shape>();
  shape->make = operation.make;
  CLI::App* command = kernel.add_subcommand(operation.name, operation.help);
  command->fallthrough();
  Parser parser(*command, shape);
  operation.flags(parser, *shape, *command);
  add_common(*command, shape->common);
  command->callback([shape, &context] {
    context.run = [shape, &context] {
      const auto document = run_kernel(*shape);
      return document ? context.show(*document) : context.fail(document.error());
    };
  });
}

}  // namespace

void add_kernel(CLI::App& app, Context& context) {
  auto* kernel = app.add_subcommand("kernel", "time one operation on one device of a chip");
  kernel->require_subcommand(1);
  for (const OperationCommand& operation : operation_commands()) add_operation(*kernel, context, operation);
}

}  // namespace etalon::cli
