// SPDX-License-Identifier: Apache-2.0
#pragma once

// From a model and one device's share of it to the list of operations the device executes, in order.
// Training: per kind of layer the forward, backward and recomputed operations; embedding; head with cross
// entropy; optimizer. Inference: prefill and decode. Shapes are per device; matrices that frameworks run as
// one product (Q, K, V; gate and up) are one. Communication is named where it falls, with its bytes; the
// cluster decides what it costs and what hides it.

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/units.h"
#include "llm/architecture.h"
#include "llm/operation.h"

namespace etalon::llm {

// full: a layer keeps its input alone. selective: with unfused attention its core alone is done again
// (Megatron, 2022); with flash kernels, which do that themselves, attention and every second product are kept
// and the rest is done again (operator-level checkpointing of torchtitan).
enum class Recompute { none, selective, full };
const char* name_of(Recompute);
bool parse(const std::string& text, Recompute& out);

enum class AttentionKernel { flash, unfused };  // unfused: scores are written to memory, as before 2022
enum class ContextMethod { all_to_all, ring };  // how context parallel ranks share one sequence

// One device's share of one micro-batch.
struct Shard {
  std::int64_t micro_batch = 1, seq = 4096;  // sequences; tokens of a whole sequence
  std::int64_t tp = 1, cp = 1, ep = 1;
  bool sequence_parallel = false;  // with tp: norms and residuals on seq / tp rows
  Dtype dtype = Dtype::bf16;       // of linear layers; attention, norms and the head's output stay 16-bit
  Recompute recompute = Recompute::none;
  AttentionKernel attention = AttentionKernel::flash;
  ContextMethod context = ContextMethod::all_to_all;
  bool fp32_gradients =
      true;                 // weight gradients are added into an fp32 buffer (Megatron); else 16-bit, written
  bool logits_fp32 = true;  // cross entropy keeps an fp32 softmax
  bool mtp = false;         // with multi-token prediction
  bool dropout = false;     // masks are kept for backward (GPT before 2023); memory only
  double expert_skew = 0;   // see GroupedMatmul::skew

  double tokens() const {
    return static_cast<double>(micro_batch) * static_cast<double>(seq) / static_cast<double>(cp);
  }
};

enum class Group {
  attention_projection,
  attention_core,
  mlp,
  experts,
  norm,
  elementwise,
  head,
  embedding,
  optimizer
};
const char* name_of(Group);

// A collective beside an operation. `bytes`: the full tensor for gathers, scatters and reductions; the send
// buffer of a rank for all-to-all (as in the evidence files).
struct Exchange {
  enum class Kind {
    none,
    tensor_all_gather,
    tensor_reduce_scatter,
    tensor_all_reduce,
    expert_dispatch,
    expert_combine,
    context_all_to_all,
    context_ring
  };
  Kind kind = Kind::none;
  Bytes bytes{};
};
const char* name_of(Exchange::Kind);

struct GraphOp {
  Operation op;
  std::string name;  // "layer.attention.qkv", "layer.attention.qkv.dgrad"
  double count = 1;  // times a pass
  Group group = Group::elementwise;
  Exchange before, after;
};
using GraphOps = std::vector<GraphOp>;

struct LayerGraph {
  LayerKind kind;
  std::int64_t count =
      0;  // layers of this kind in the model; a stage asks Architecture::layer_groups(first, last)
  GraphOps forward, backward;
  GraphOps recompute;  // executed before backward
};

struct TrainingGraph {
  GraphOps embedding_forward, embedding_backward;  // first stage
  std::vector<LayerGraph> layers;                  // one per kind
  std::vector<LayerGraph> mtp;                     // multi-token prediction, on the last stage; empty without
  GraphOps head_forward, head_backward;            // last stage: norm, logits, cross entropy
};

// Errors: "model.shard" when a degree does not divide what it splits.
Result<TrainingGraph> training_graph(const Architecture&, const Shard&);
// The update of `elements` parameters held by this device: norm of gradients, Adam, zeroing.
GraphOps optimizer_graph(double elements, const Shard&);

struct InferenceShard {
  std::int64_t batch = 1;
  std::int64_t new_tokens = 1;  // per sequence: the prompt or a chunk of it; 1 in decode
  std::int64_t context = 0;     // keys after this step, the new tokens among them; 0: new_tokens
  std::int64_t tp = 1, ep = 1;
  Dtype dtype = Dtype::bf16, cache_dtype = Dtype::bf16;
  double expert_skew = 0;
  bool framework_calls = false;  // attention with the launches a serving framework makes around it
};
struct InferenceGraph {
  GraphOps embedding;
  std::vector<LayerGraph> layers;  // only `forward` is filled
  GraphOps head;                   // of the last token of each sequence
};
Result<InferenceGraph> prefill_graph(const Architecture&, const InferenceShard&);
Result<InferenceGraph> decode_graph(const Architecture&, const InferenceShard&);

// Model FLOPs of an operation: as executed, except that attention backward counts twice its forward (its
// recomputed scores are not the model's work). Independent score products of an indexer count as executed.
Flops model_flops(const GraphOp&);
Flops model_flops(const GraphOps&);

}  // namespace etalon::llm
