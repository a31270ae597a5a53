// SPDX-License-Identifier: Apache-2.0
// Any bytes as a config.json: either an error that names itself, or a model whose counts are finite, that can
// be cut, and whose graph and memory can be asked for. libFuzzer; build with -DETALON_FUZZ=ON and clang.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "llm/flops.h"
#include "llm/graph.h"
#include "llm/hugging_face.h"
#include "llm/memory.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void ask_everything(const etalon::llm::Architecture& model) {
  using namespace etalon::llm;
  const ParameterCounts p = parameters(model);
  require(std::isfinite(p.total()) && p.total() > 0 && p.total() <= 1e15);
  require(active_parameters(model) > 0 && active_parameters(model) <= p.total() * (1 + 1e-9));
  require(kv_bytes_per_token(model).value > 0);
  for (const FlopConvention c : flop_conventions()) {
    const double f = train_flops_per_token(model, 4096, c).value;
    require(std::isfinite(f) && f > 0);
  }
  Shard shard;
  shard.seq = 128;
  const auto graph = training_graph(model, shard);
  require(graph.has_value());
  double work = model_flops(graph->head_forward).value;
  for (const auto& layer : graph->layers) work += model_flops(layer.forward).value;
  require(std::isfinite(work) && work > 0);
  MemoryPlan plan;
  plan.shard = shard;
  const auto memory = peak_memory(model, plan);
  require(memory.has_value() && std::isfinite(memory->total().value) && memory->total().value > 0);
  InferenceShard serving;
  serving.context = 64;
  require(decode_graph(model, serving).has_value() && prefill_graph(model, serving).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto model = etalon::llm::parse_config(text, "config.json", "fuzzed");
  if (model)
    ask_everything(*model);
  else
    require(!model.error().code.empty() && !model.error().message.empty());
  return 0;
}
