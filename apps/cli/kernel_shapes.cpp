// SPDX-License-Identifier: Apache-2.0
#include "apps/cli/kernel_shapes.h"

#include <fmt/format.h>

namespace etalon::cli {
namespace {

using llm::Dtype;

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

void add_matrix(std::vector<OperationCommand>& commands) {
  commands.push_back(OperationCommand{
      "matmul", "C[m,n] = A[m,k] B[k,n]", matmul, [](Parser& p, Shape& s, CLI::App& command) {
        p.count("m", "rows of A and C").count("n", "columns of B and C").count("k", "summed over");
        p.count("batch", "independent products", 1).dtype().dtype("out-dtype", "of C");
        s.words["layout"] = "nt";
        command.add_option("--layout", s.words["layout"], "of A and B, t: stored transposed")
            ->check(CLI::IsMember({"nn", "nt", "tn", "tt"}));
        p.flag("quantise", "A arrives in bf16 and is quantised first").flag("accumulate", "C is added to");
      }});
  commands.push_back(OperationCommand{
      "experts", "one rank's layer of a mixture of experts", experts,
      [](Parser& p, Shape& s, CLI::App& command) {
        p.count("tokens", "of the whole expert-parallel group").count("hidden", "model width");
        p.count("inter", "width of an expert").count("experts", "in all").count("top-k", "experts a token");
        p.count("ep", "ranks the experts are spread over", 1).dtype();
        command.add_option("--skew", s.skew, "exponent of the power law of expert loads; 0: balanced")
            ->check(CLI::Range(0.0, 10.0));
        p.flag("ungated", "one matrix less").flag("matmuls-only", "without routing and activation");
      }});
}

void add_attention(std::vector<OperationCommand>& commands) {
  commands.push_back(OperationCommand{
      "attention", "softmax(Q K^T) V", attention, [](Parser& p, Shape&, CLI::App&) {
        p.phase({"forward", "backward", "decode"}).dtype().count("batch", "sequences", 1);
        p.count("heads-q", "query heads").count("heads-kv", "key-value heads; default: heads-q", kLargest);
        p.count("head-dim", "of queries and keys", 128)
            .count("head-dim-v", "of values; default: head-dim", kLargest);
        p.count("seq-kv", "keys").count("seq-q", "queries; default: seq-kv, 1 in decode", kLargest);
        p.count("window", "sliding window in keys; default: none", kLargest);
        p.flag("full", "not causal")
            .flag("framework-call", "with the launches a serving framework makes around it");
      }});
  commands.push_back(OperationCommand{
      "mla", "latent attention with DeepSeek's dimensions", mla, [](Parser& p, Shape&, CLI::App&) {
        p.phase({"forward", "backward", "decode"})
            .dtype()
            .count("batch", "sequences", 1)
            .count("heads", "query heads", 128);
        p.count("seq-kv", "keys").count("seq-q", "queries; default: seq-kv, 1 in decode", kLargest);
        p.flag("framework-call", "with the launches a serving framework makes around it");
      }});
}

void add_streams(std::vector<OperationCommand>& commands) {
  using llm::VectorOp;
  for (int i = 0; i <= static_cast<int>(VectorOp::norm); ++i) {
    const auto kind = static_cast<VectorOp>(i);
    const std::string name = llm::name_of(kind);
    commands.push_back(OperationCommand{
        name, "streams rows x cols", [kind](const Shape& s) { return stream(s, kind); },
        [](Parser& p, Shape&, CLI::App&) {
          p.count("rows", "rows (tokens)").count("cols", "elements of a row").dtype();
          p.dtype("out-dtype", "of the result; default: dtype").phase({"forward", "backward"});
          p.count("extra", "topk_gate: k; permute: copies of a row; rope: heads", kLargest);
        }});
  }
}

}  // namespace

std::vector<OperationCommand> operation_commands() {
  std::vector<OperationCommand> commands;
  add_matrix(commands);
  add_attention(commands);
  add_streams(commands);
  return commands;
}

}  // namespace etalon::cli
