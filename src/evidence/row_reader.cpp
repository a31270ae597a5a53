// SPDX-License-Identifier: Apache-2.0
#include "evidence/row_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>

#include "base/text.h"

namespace etalon::evidence {
namespace {

const std::vector<std::string> kPhases = {"forward", "backward", "decode"};
const std::vector<std::string> kDtypes = {"bf16", "fp16",      "fp32",  "tf32", "int8",
                                          "fp8",  "fp8_block", "mxfp8", "hif8", "w4a16_mxfp4"};

// "fp8+quant" -> fp8 and true. Four-bit weights have a name of their own in evidence.
llm::Dtype read_dtype(Cells& cells, std::string_view column, bool* quantised) {
  std::vector<std::string> words = kDtypes;
  if (quantised) {
    for (const char* dtype : {"fp8+quant", "fp8_block+quant", "int8+quant", "mxfp8+quant", "hif8+quant"}) {
      words.emplace_back(dtype);
    }
  }
  std::string word = cells.word(column, words);
  if (word.ends_with("+quant")) {
    if (quantised) *quantised = true;
    word.resize(word.size() - 6);
  }
  llm::Dtype dtype = llm::Dtype::bf16;
  llm::parse(word == "w4a16_mxfp4" ? std::string(llm::name_of(llm::Dtype::mxfp4_w)) : word, dtype);
  return dtype;
}

llm::Phase read_phase(Cells& cells) {
  const std::string phase = cells.word("phase", kPhases);
  return phase == "backward" ? llm::Phase::backward
         : phase == "decode" ? llm::Phase::decode
                             : llm::Phase::forward;
}

// Products of narrow formats come out in bf16 (fp8), int8 products in fp16; others in their own format.
llm::Dtype natural_output(llm::Dtype in) {
  switch (in) {
    case llm::Dtype::fp32:
    case llm::Dtype::tf32:
      return llm::Dtype::fp32;
    case llm::Dtype::fp16:
    case llm::Dtype::int8:
      return llm::Dtype::fp16;
    default:
      return llm::Dtype::bf16;
  }
}

llm::Dtype read_output(Cells& cells, llm::Dtype in) {
  if (!cells.has("out_dtype")) return natural_output(in);
  llm::Dtype out = in;
  if (!llm::parse(cells.text("out_dtype"), out)) {
    cells.problem("evidence.value", "out_dtype", fmt::format("got \"{}\"", cells.text("out_dtype")),
                  "name a number format, or leave the cell empty");
  }
  return out;
}

Shape gemm(Cells& cells) {
  llm::Matmul op;
  op.m = cells.count("m"), op.n = cells.count("n"), op.k = cells.count("k");
  op.batch = cells.count_or("batch", 1);
  op.dtype = read_dtype(cells, "dtype", &op.quantise_activation);
  op.out_dtype = read_output(cells, op.dtype);
  // Two letters for A and B: n as the product reads it (rows of A, columns of B), t transposed.
  const std::string layout = cells.text("layout");
  if (layout == "nn" || layout == "nt" || layout == "tn" || layout == "tt") {
    op.transpose_a = layout[0] == 't';
    op.transpose_b = layout[1] == 't';
  }
  return llm::Operation{op};
}

// The exponent of "power_law_1.2"; 0 for "balanced".
double read_skew(Cells& cells) {
  const std::string text = cells.text("distribution");
  constexpr std::string_view prefix = "power_law_";
  double skew = 0;
  if (text == "balanced") return 0;
  const char* first = text.data() + std::min(prefix.size(), text.size());
  const auto [end, error] = std::from_chars(first, text.data() + text.size(), skew);
  if (!text.starts_with(prefix) || error != std::errc() || end != text.data() + text.size() || !(skew > 0)) {
    cells.problem("evidence.value", "distribution",
                  fmt::format("got \"{}\", expected balanced or power_law_EXPONENT", text),
                  "for example power_law_1.2");
  }
  return skew;
}

Shape grouped_gemm(Cells& cells) {
  llm::GroupedMatmul op;
  op.tokens = cells.count("tokens"), op.hidden = cells.count("hidden"), op.inter = cells.count("inter");
  op.experts = cells.count("experts"), op.top_k = cells.count("top_k"), op.ep = cells.count("ep");
  op.gated = cells.flag("gated");
  op.skew = read_skew(cells);
  op.dtype = read_dtype(cells, "dtype", nullptr);
  return llm::Operation{op};
}

Shape attention(Cells& cells) {
  llm::Attention op;
  op.phase = read_phase(cells);
  op.dtype = read_dtype(cells, "dtype", nullptr);
  op.batch = cells.count("batch");
  op.heads_q = cells.count("heads_q"), op.heads_kv = cells.count("heads_kv");
  op.head_dim = op.head_dim_v = cells.count("head_dim");
  op.seq_q = cells.count("seq_q"), op.seq_kv = cells.count("seq_kv");
  op.causal = cells.flag("causal");
  op.window = cells.count_or("window", 0);
  if (op.heads_q % op.heads_kv != 0) {
    cells.problem("evidence.value", "heads_kv",
                  fmt::format("got {} query heads over {} key-value heads", op.heads_q, op.heads_kv),
                  "the query heads have to be a multiple of the key-value heads");
  }
  return llm::Operation{op};
}

// Dimensions of DeepSeek-V2 and V3 [deepseek-v3]: keys of 128 + 64 rotary, values of 128; absorbed, one
// latent of 512 + 64 that serves as key, its first 512 as value.
Shape mla(Cells& cells) {
  llm::Attention op;
  op.phase = read_phase(cells);
  op.dtype = read_dtype(cells, "dtype", nullptr);
  op.batch = cells.count("batch"), op.heads_q = cells.count("heads");
  op.seq_q = cells.count("seq_q"), op.seq_kv = cells.count("seq_kv");
  const bool absorbed = op.phase == llm::Phase::decode;
  op.heads_kv = absorbed ? 1 : op.heads_q;
  op.head_dim = absorbed ? 576 : 192;
  op.head_dim_v = absorbed ? 512 : 128;
  op.shared_kv = absorbed;
  op.causal = !absorbed;
  return llm::Operation{op};
}

// Names the field uses for operations of llm::VectorOp.
const std::map<std::string, llm::VectorOp> kAliases = {{"rms_norm", llm::VectorOp::rmsnorm},
                                                       {"layer_norm", llm::VectorOp::layernorm},
                                                       {"silu_mul", llm::VectorOp::swiglu},
                                                       {"silu_and_mul", llm::VectorOp::swiglu},
                                                       {"add_rms_norm", llm::VectorOp::residual_add},
                                                       {"top_k", llm::VectorOp::topk_gate},
                                                       {"copy", llm::VectorOp::cast},
                                                       {"gather", llm::VectorOp::embedding},
                                                       {"adam", llm::VectorOp::adamw},
                                                       {"quant", llm::VectorOp::quantise}};

// `layout` may give ROWSxCOLS; otherwise rows of 4096 elements where that divides them, else one row. An
// operation without a kernel of its own (exp, sigmoid, ...) streams the bytes of the row: one read, one
// write.
Shape vector(Cells& cells) {
  llm::Vector op;
  const std::string word = cells.required("op");
  op.dtype = op.out_dtype = read_dtype(cells, "dtype", nullptr);
  if (cells.has("out_dtype")) op.out_dtype = read_output(cells, op.dtype);
  std::int64_t elements = cells.count("elements");
  const auto alias = kAliases.find(word);
  if (alias != kAliases.end()) {
    op.op = alias->second;
  } else if (!llm::parse(word, op.op)) {
    op.op = llm::VectorOp::cast;
    op.out_dtype = op.dtype;
    const double bytes = cells.has("bytes") ? cells.positive("bytes") : 0;
    if (bytes > 0)
      elements = std::max<std::int64_t>(1, std::llround(bytes / 2 / llm::size_of(op.dtype).value));
  }
  op.cols = elements % 4096 == 0 ? 4096 : elements;
  const std::vector<std::string> sides = split(cells.text("layout"), 'x');
  std::int64_t cols = 0;
  if (sides.size() == 2 &&
      std::from_chars(sides[1].data(), sides[1].data() + sides[1].size(), cols).ec == std::errc() &&
      cols > 0 && elements % cols == 0) {
    op.cols = cols;
  }
  op.rows = elements / op.cols;
  return llm::Operation{op};
}

// Which levels and patterns can be predicted is the business of predict.cpp.
Shape memory(Cells& cells) {
  return MemoryShape{cells.required("level"), cells.required("pattern"), cells.count("bytes"),
                     cells.count_or("cores", 0)};
}

Shape program(Cells& cells) {
  ProgramShape shape{cells.required("program"), {}};
  for (const std::string& pair : split(cells.text("params"), ';')) {
    if (trim(pair).empty()) continue;
    const std::size_t equals = pair.find('=');
    if (equals == std::string::npos || equals == 0) {
      cells.problem("evidence.value", "params", fmt::format("got \"{}\", expected key=value", pair),
                    "separate settings by semicolons");
      continue;
    }
    shape.params[std::string(trim(pair.substr(0, equals)))] = trim(pair.substr(equals + 1));
  }
  return shape;
}

Shape collective(Cells& cells) {
  return CollectiveShape{cells.word("op", {"all_reduce", "all_gather", "reduce_scatter", "all_to_all",
                                           "broadcast", "send_recv"}),
                         cells.count("ranks"), cells.count("bytes")};
}

Shape training(Cells& cells) {
  TrainingShape s;
  s.task = cells.text("task"), s.model = cells.required("model"), s.model_dims = cells.text("model_dims");
  s.schedule = cells.text("schedule"), s.software = cells.text("software");
  s.flop_convention = cells.text("flop_convention");
  s.chips = cells.count("chips"), s.seq = cells.count_or("seq", 0);
  s.global_batch = cells.count_or("global_batch", 0), s.micro_batch = cells.count_or("micro_batch", 0);
  s.tp = cells.count_or("tp", 0), s.pp = cells.count_or("pp", 0), s.vp = cells.count_or("vp", 0);
  s.dp = cells.count_or("dp", 0), s.cp = cells.count_or("cp", 0), s.ep = cells.count_or("ep", 0);
  if (cells.has("sp")) s.sp = cells.flag("sp");
  if (cells.has("zero")) s.zero = cells.word("zero", {"0", "1", "2", "3", "fsdp"});
  if (cells.has("recompute")) s.recompute = cells.word("recompute", {"none", "selective", "full"});
  s.dtype = cells.word("dtype", {"bf16", "fp16", "fp8", "mxfp8", "nvfp4", "fp32", "tf32"});
  return s;
}

struct Metric {
  const char *name, *unit;
};
constexpr std::array<Metric, 5> kProgramMetrics = {{{"task_us", "us"},
                                                    {"core_us", "us"},
                                                    {"cube_busy_us", "us"},
                                                    {"mte2_busy_us", "us"},
                                                    {"vector_busy_us", "us"}}};
constexpr std::array<Metric, 5> kTrainingMetrics = {{{"tokens_per_s_per_chip", "tokens/s"},
                                                     {"step_time_s", "s"},
                                                     {"tflops_per_chip", "TFLOP/s"},
                                                     {"mfu_percent", "%"},
                                                     {"peak_memory_gib", "GiB"}}};

template <std::size_t N>
void read_metric(Cells& cells, const std::array<Metric, N>& metrics, Row& row) {
  std::vector<std::string> names;
  for (const Metric& metric : metrics) names.emplace_back(metric.name);
  row.metric = cells.word("metric", names);
  for (const Metric& metric : metrics) {
    if (row.metric == metric.name) row.unit = metric.unit;
  }
  row.measured = cells.positive("value");
}

Shape read_shape(Kind kind, Cells& cells) {
  switch (kind) {
    case Kind::gemm:
      return gemm(cells);
    case Kind::grouped_gemm:
      return grouped_gemm(cells);
    case Kind::attention:
      return attention(cells);
    case Kind::mla:
      return mla(cells);
    case Kind::vector:
      return vector(cells);
    case Kind::memory:
      return memory(cells);
    case Kind::program:
      return program(cells);
    case Kind::collective:
      return collective(cells);
    case Kind::training:
    case Kind::serving:
      break;
  }
  return training(cells);
}

}  // namespace

const std::vector<std::string>& columns_of(Kind kind) {
  static const std::array<std::vector<std::string>, kKinds> columns = {
      split("id,chip,dtype,m,n,k,time_us,source,note", ','),
      split("id,chip,dtype,tokens,hidden,inter,experts,top_k,ep,gated,distribution,time_us,source,note", ','),
      split("id,chip,phase,dtype,batch,heads_q,heads_kv,head_dim,seq_q,seq_kv,causal,time_us,source,note",
            ','),
      split("id,chip,phase,dtype,heads,batch,seq_q,seq_kv,time_us,source,note", ','),
      split("id,chip,op,dtype,elements,bytes,time_us,source,note", ','),
      split("id,chip,level,pattern,bytes,cores,gbytes_per_s,source,note", ','),
      split("id,chip,program,params,metric,value,source,note", ','),
      split("id,cluster,op,ranks,bytes,time_us,source,note", ','),
      split("id,task,cluster,chips,model,model_dims,seq,global_batch,micro_batch,tp,sp,pp,vp,schedule,dp,"
            "zero,cp,ep,"
            "recompute,dtype,software,metric,value,flop_convention,source,note",
            ','),
      split("id,cluster,chips,model,phase,dtype,tp,pp,dp,ep,batch,input_tokens,output_tokens,software,metric,"
            "value,"
            "source,note",
            ',')};
  return columns[static_cast<std::size_t>(kind)];
}

Row read_row(Kind kind, Cells& cells) {
  Row row;
  row.kind = kind;
  row.id = cells.required("id");
  row.chip = cells.required(kind == Kind::collective || kind == Kind::training ? "cluster" : "chip");
  row.dtype = cells.text("dtype");
  row.shape = read_shape(kind, cells);
  row.metric = "time";
  row.unit = "us";
  if (kind == Kind::program) {
    read_metric(cells, kProgramMetrics, row);
  } else if (kind == Kind::training) {
    read_metric(cells, kTrainingMetrics, row);
  } else if (kind == Kind::memory) {
    row.metric = "rate", row.unit = "GB/s", row.measured = cells.positive("gbytes_per_s");
  } else {
    row.measured = cells.positive("time_us");
  }
  row.source = cells.required("source");
  row.note = cells.text("note");
  if (cells.has("l2_state")) row.l2_state = cells.word("l2_state", {"warm", "cold"});
  return row;
}

namespace {

struct Describe {
  std::string operator()(const llm::Operation& op) const { return llm::describe(op); }
  std::string operator()(const MemoryShape& s) const {
    return fmt::format("{} {} {} B {} cores", s.level, s.pattern, s.bytes, s.cores);
  }
  std::string operator()(const ProgramShape& s) const {
    std::string text = s.program;
    for (const auto& [key, value] : s.params) text += fmt::format(";{}={}", key, value);
    return text;
  }
  std::string operator()(const CollectiveShape& s) const {
    return fmt::format("{} {} {} B", s.op, s.ranks, s.bytes);
  }
  std::string operator()(const TrainingShape& s) const {
    return fmt::format(
        "{} {} {} chips seq {} batch {}/{} tp{} sp{} pp{}/{} {} dp{} zero {} cp{} ep{} {} {} {}", s.model,
        s.model_dims, s.chips, s.seq, s.global_batch, s.micro_batch, s.tp, s.sp ? (*s.sp ? "1" : "0") : "-",
        s.pp, s.vp, s.schedule, s.dp, s.zero, s.cp, s.ep, s.recompute, s.dtype, s.software);
  }
};

}  // namespace

std::string Row::key() const {
  return fmt::format("{}|{}|{}|{}|{}|{}|{}", chip, name_of(kind), dtype, std::visit(Describe{}, shape),
                     metric, l2_state, source);
}

}  // namespace etalon::evidence
