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

using llm::Dtype;

constexpr std::int64_t kLargest = 1'000'000'000'000;

// What all operations share.
struct Common {
  std::string chip, fidelity = "cycle", timeline, sweep, launch = "graph";
  bool no_cache = false, cold = false;
  int replays = 12, copies = 1, jobs = 2;
};

// One operation: its flags by name, and how they become an llm::Operation. Values live as long as the parser.
struct Shape {
  std::map<std::string, std::int64_t> counts;  // without leading dashes
  std::map<std::string, std::string> words;
  std::map<std::string, bool> switches;
  double skew = 0;
  std::function<Result<llm::Operation>(const Shape&)> make;
  Common common;

  std::int64_t count(const std::string& name) const { return counts.at(name); }
  bool is_on(const std::string& name) const { return switches.at(name); }
  Result<Dtype> dtype(const std::string& name, Dtype otherwise) const {
    const std::string& word = words.at(name);
    if (word.empty()) return otherwise;
    Dtype out{};
    if (llm::parse(word, out)) return out;
    return etalon::fail("kernel.dtype", fmt::format("--{}: got \"{}\"", name, word),
                        "use bf16, fp16, fp32, tf32, fp8, fp8_block, mxfp8, mxfp4_w, int8 or hif8");
  }
  Result<llm::Phase> phase() const {
    const std::string& word = words.at("phase");
    return word == "backward" ? llm::Phase::backward
           : word == "decode" ? llm::Phase::decode
                              : llm::Phase::forward;
  }
};

class Parser {
 public:
  Parser(CLI::App& command, std::shared_ptr<Shape> shape) : command_(command), shape_(std::move(shape)) {}

  Parser& count(const std::string& name, const std::string& help, std::int64_t otherwise = 0) {
    shape_->counts[name] = otherwise;
    auto* option = command_.add_option("--" + name, shape_->counts[name], help)
                       ->check(CLI::Range(std::int64_t{1}, kLargest));
    if (otherwise == 0) option->required();
    return *this;
  }
  Parser& dtype(const std::string& name = "dtype",
                const std::string& help = "number format, bf16 if not given") {
    shape_->words[name];
    command_.add_option("--" + name, shape_->words[name], help);
    return *this;
  }
  Parser& phase(const std::vector<std::string>& phases) {
    shape_->words["phase"] = phases.front();
    command_.add_option("--phase", shape_->words["phase"], fmt::format("{}", fmt::join(phases, ", ")))
        ->check(CLI::IsMember(phases));
    return *this;
  }
  Parser& flag(const std::string& name, const std::string& help) {
    shape_->switches[name] = false;
    command_.add_flag("--" + name, shape_->switches[name], help);
    return *this;
  }

 private:
  CLI::App& command_;
  std::shared_ptr<Shape> shape_;
};

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
  std::vector<Result<kernels::KernelCost>> costs(sweep.values.size(),
                                                 etalon::fail("kernel.cancelled", "interrupted"));
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
    if (!costs[i]) return etalon::fail(costs[i].error());
    runs.push_back({operations[i], *costs[i]});
  }
  return runs;
}

// Formats that the matrix units of the chip do not multiply.
Result<std::monostate> check_units(const catalog::Chip& chip, const llm::Operation& operation) {
  const Dtype dtype = study::dtype_of(operation);
  if (llm::flops(operation).value <= 0 || study::peaks_of(chip, dtype).matrix) return std::monostate{};
  return etalon::fail(
      "kernel.dtype",
      fmt::format("the matrix units of {} do not multiply {}", chip.name, llm::name_of(dtype)),
      "`etalon chips show " + chip.name + "` lists their rates");
}

Result<Document> run_kernel(const Shape& shape) {
  const Common& c = shape.common;
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
    TRY(first, shape.make(shape));
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

Result<llm::Operation> matmul(const Shape& s) {
  llm::Matmul op;
  op.m = s.count("m"), op.n = s.count("n"), op.k = s.count("k"), op.batch = s.count("batch");
  TRY(dtype, s.dtype("dtype", Dtype::bf16));
  const bool is_narrow =
      dtype == Dtype::fp8 || dtype == Dtype::fp8_block || dtype == Dtype::mxfp8 || dtype == Dtype::hif8;
  const Dtype natural = dtype == Dtype::tf32                   ? Dtype::fp32
                        : dtype == Dtype::int8                 ? Dtype::fp16
                        : is_narrow || dtype == Dtype::mxfp4_w ? Dtype::bf16
                                                               : dtype;
  TRY(out, s.dtype("out-dtype", natural));
  op.dtype = dtype, op.out_dtype = out;
  const std::string& layout = s.words.at("layout");
  op.transpose_a = layout[0] == 't', op.transpose_b = layout[1] == 't';
  op.quantise_activation = s.is_on("quantise");
  op.accumulate = s.is_on("accumulate");
  return op;
}

Result<llm::Operation> experts(const Shape& s) {
  llm::GroupedMatmul op;
  op.tokens = s.count("tokens"), op.hidden = s.count("hidden"), op.inter = s.count("inter");
  op.experts = s.count("experts"), op.top_k = s.count("top-k"), op.ep = s.count("ep");
  if (op.top_k > op.experts || op.experts % op.ep != 0) {
    return etalon::fail("kernel.experts",
                        fmt::format("got {} experts, top-k {}, ep {}", op.experts, op.top_k, op.ep),
                        "top-k is at most the experts, and ep divides them");
  }
  op.gated = !s.is_on("ungated");
  op.matmuls_only = s.is_on("matmuls-only");
  op.skew = s.skew;
  TRY(dtype, s.dtype("dtype", Dtype::bf16));
  op.dtype = dtype;
  return op;
}

Result<llm::Operation> attention(const Shape& s) {
  llm::Attention op;
  TRY(phase, s.phase());
  TRY(dtype, s.dtype("dtype", Dtype::bf16));
  op.phase = phase, op.dtype = dtype;
  op.batch = s.count("batch"), op.heads_q = s.count("heads-q");
  op.heads_kv = s.count("heads-kv") == kLargest ? op.heads_q : s.count("heads-kv");
  op.head_dim = s.count("head-dim");
  op.head_dim_v = s.count("head-dim-v") == kLargest ? op.head_dim : s.count("head-dim-v");
  op.seq_kv = s.count("seq-kv");
  const bool is_decode = phase == llm::Phase::decode;
  op.seq_q = s.count("seq-q") != kLargest ? s.count("seq-q") : is_decode ? 1 : op.seq_kv;
  op.causal = !s.is_on("full") && !is_decode;
  op.window = s.count("window") == kLargest ? 0 : s.count("window");
  op.framework_call = s.is_on("framework-call");
  if (op.heads_q % op.heads_kv != 0) {
    return etalon::fail("kernel.heads",
                        fmt::format("got {} query heads over {} key-value heads", op.heads_q, op.heads_kv),
                        "the query heads have to be a multiple of the key-value heads");
  }
  return op;
}

// Latent attention with the dimensions of DeepSeek-V2 and V3 (as in mla.csv).
Result<llm::Operation> mla(const Shape& s) {
  llm::Attention op;
  TRY(phase, s.phase());
  TRY(dtype, s.dtype("dtype", Dtype::bf16));
  const bool absorbed = phase == llm::Phase::decode;
  op.phase = phase, op.dtype = dtype;
  op.batch = s.count("batch"), op.heads_q = s.count("heads");
  op.heads_kv = absorbed ? 1 : op.heads_q;
  op.head_dim = absorbed ? 576 : 192, op.head_dim_v = absorbed ? 512 : 128;
  op.shared_kv = absorbed, op.causal = !absorbed;
  op.seq_kv = s.count("seq-kv");
  op.seq_q = s.count("seq-q") != kLargest ? s.count("seq-q") : absorbed ? 1 : op.seq_kv;
  op.framework_call = s.is_on("framework-call");
  return op;
}

Result<llm::Operation> stream(const Shape& s, llm::VectorOp kind) {
  llm::Vector op;
  op.op = kind;
  op.rows = s.count("rows"), op.cols = s.count("cols");
  op.extra = s.count("extra") == kLargest ? 0 : s.count("extra");
  TRY(phase, s.phase());
  TRY(dtype, s.dtype("dtype", Dtype::bf16));
  TRY(out, s.dtype("out-dtype", dtype));
  op.phase = phase, op.dtype = dtype, op.out_dtype = out;
  return op;
}

class Commands {
 public:
  Commands(CLI::App& kernel, Context& context) : kernel_(kernel), context_(context) {}

  // Adds a subcommand; `flags` declares its own flags.
  void add(const std::string& name, const std::string& help,
           std::function<Result<llm::Operation>(const Shape&)> make,
           const std::function<void(Parser&, Shape&, CLI::App&)>& flags) {
    auto shape = std::make_shared<Shape>();
    shape->make = std::move(make);
    CLI::App* command = kernel_.add_subcommand(name, help);
    command->fallthrough();
    Parser parser(*command, shape);
    flags(parser, *shape, *command);
    add_common(*command, shape->common);
    command->callback([shape, &context = context_] {
      context.run = [shape, &context] {
        const auto document = run_kernel(*shape);
        return document ? context.show(*document) : context.fail(document.error());
      };
    });
  }

 private:
  CLI::App& kernel_;
  Context& context_;
};

void add_matrix(Commands& commands) {
  commands.add("matmul", "C[m,n] = A[m,k] B[k,n]", matmul, [](Parser& p, Shape& s, CLI::App& command) {
    p.count("m", "rows of A and C").count("n", "columns of B and C").count("k", "summed over");
    p.count("batch", "independent products", 1).dtype().dtype("out-dtype", "of C");
    s.words["layout"] = "nt";
    command.add_option("--layout", s.words["layout"], "of A and B, t: stored transposed")
        ->check(CLI::IsMember({"nn", "nt", "tn", "tt"}));
    p.flag("quantise", "A arrives in bf16 and is quantised first").flag("accumulate", "C is added to");
  });
  commands.add(
      "experts", "one rank's layer of a mixture of experts", experts,
      [](Parser& p, Shape& s, CLI::App& command) {
        p.count("tokens", "of the whole expert-parallel group").count("hidden", "model width");
        p.count("inter", "width of an expert").count("experts", "in all").count("top-k", "experts a token");
        p.count("ep", "ranks the experts are spread over", 1).dtype();
        command.add_option("--skew", s.skew, "exponent of the power law of expert loads; 0: balanced")
            ->check(CLI::Range(0.0, 10.0));
        p.flag("ungated", "one matrix less").flag("matmuls-only", "without routing and activation");
      });
}

void add_attention(Commands& commands) {
  commands.add("attention", "softmax(Q K^T) V", attention, [](Parser& p, Shape&, CLI::App&) {
    p.phase({"forward", "backward", "decode"}).dtype().count("batch", "sequences", 1);
    p.count("heads-q", "query heads").count("heads-kv", "key-value heads; default: heads-q", kLargest);
    p.count("head-dim", "of queries and keys", 128)
        .count("head-dim-v", "of values; default: head-dim", kLargest);
    p.count("seq-kv", "keys").count("seq-q", "queries; default: seq-kv, 1 in decode", kLargest);
    p.count("window", "sliding window in keys; default: none", kLargest);
    p.flag("full", "not causal")
        .flag("framework-call", "with the launches a serving framework makes around it");
  });
  commands.add("mla", "latent attention with DeepSeek's dimensions", mla, [](Parser& p, Shape&, CLI::App&) {
    p.phase({"forward", "backward", "decode"})
        .dtype()
        .count("batch", "sequences", 1)
        .count("heads", "query heads", 128);
    p.count("seq-kv", "keys").count("seq-q", "queries; default: seq-kv, 1 in decode", kLargest);
    p.flag("framework-call", "with the launches a serving framework makes around it");
  });
}

void add_streams(Commands& commands) {
  using llm::VectorOp;
  for (int i = 0; i <= static_cast<int>(VectorOp::norm); ++i) {
    const auto kind = static_cast<VectorOp>(i);
    const std::string name = llm::name_of(kind);
    commands.add(
        name, "streams rows x cols", [kind](const Shape& s) { return stream(s, kind); },
        [&](Parser& p, Shape&, CLI::App&) {
          p.count("rows", "rows (tokens)").count("cols", "elements of a row").dtype();
          p.dtype("out-dtype", "of the result; default: dtype").phase({"forward", "backward"});
          p.count("extra", "topk_gate: k; permute: copies of a row; rope: heads", kLargest);
        });
  }
}

}  // namespace

void add_kernel(CLI::App& app, Context& context) {
  auto* kernel = app.add_subcommand("kernel", "time one operation on one device of a chip");
  kernel->require_subcommand(1);
  Commands commands(*kernel, context);
  add_matrix(commands);
  add_attention(commands);
  add_streams(commands);
}

}  // namespace etalon::cli
