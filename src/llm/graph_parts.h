// SPDX-License-Identifier: Apache-2.0
#pragma once

// Helpers with which graph*.cpp write layers down; private to the room.

#include <string>
#include <variant>

#include "llm/graph.h"

namespace etalon::llm {

// Builds the forward and backward lists of one layer together: each forward operation is added at the end of
// `forward`, its gradients at the front of `backward`.
class TrainingBuilder {
 public:
  TrainingBuilder(const Architecture& m, const Shard& s, std::string prefix);

  struct Linear {
    const char* name;
    Group group;
    std::int64_t rows, out, in;
    Exchange before{}, after{};            // forward
    Exchange back_before{}, back_after{};  // around the gradient of the input
    Exchange weight_before{};              // before the gradient of the weight: inputs gathered again
    bool high_precision = false;           // router, head: never quantised
  };
  void linear(const Linear&);
  void vector(const char* name, Group, VectorOp, std::int64_t rows, std::int64_t cols, std::int64_t extra = 0,
              Exchange before = {}, Exchange after = {}, Exchange back_before = {}, Exchange back_after = {});
  void operation(const char* name, Group, Operation forward, Operation backward, double backward_count = 1);
  void forward_only(const char* name, Group, Operation, Exchange before = {}, Exchange after = {});
  void backward_only(const char* name, Group, Operation, Exchange before = {}, Exchange after = {});

  const Architecture& model;
  const Shard& shard;
  LayerGraph graph;

 private:
  void push_back_first(GraphOp);
  std::string prefix_;
};

// Row counts and collective sizes that follow from a shard.
struct Rows {
  std::int64_t all = 0;      // tokens of this context-parallel rank
  std::int64_t split = 0;    // under sequence parallelism: all / tp
  Exchange gather, scatter;  // forward of column- and row-parallel layers
  Exchange back_reduce;      // after the input gradient of column-parallel layers
  Exchange back_gather;      // before the input gradient of row-parallel layers
  Exchange regather;         // before the weight gradient of column-parallel layers
};
Rows rows_of(const Architecture&, const Shard&);

Dtype element_type(Dtype linear);  // of activations between products: fp16 stays fp16, fp32 fp32, else bf16
VectorOp norm_op(const Architecture&);
VectorOp activation_op(const Architecture&);
std::int64_t ceil_div(std::int64_t a, std::int64_t b);

void add_attention(TrainingBuilder&, const Rows&, const LayerKind&);
void add_dense_mlp(TrainingBuilder&, const Rows&);
void add_experts(TrainingBuilder&, const Rows&);

Result<std::monostate> check_degrees(const Architecture&, std::int64_t tp, std::int64_t ep, const char* what);

}  // namespace etalon::llm
