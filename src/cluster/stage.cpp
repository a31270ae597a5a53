// SPDX-License-Identifier: Apache-2.0
#include "cluster/stage.h"

#include <algorithm>
#include <map>

namespace etalon::cluster {
namespace {

// Parameters of a layer on one device, and the ranks that share them.
struct Unit {
  double dense = 0, experts = 0;
};

class Builder {
 public:
  Builder(PassContext& c, const StepInput& in) : c_(c), in_(in) {}

  Result<StepWork> build() {
    TRY(graph, llm::training_graph(in_.model, in_.memory.shard));
    graph_ = std::move(graph);
    for (const auto& layer : graph_.layers) {
      TRY(work, layer_work(layer));
      layers_.push_back({layer.kind, std::move(work)});
    }
    StepWork out;
    const std::int64_t stages = c_.plan.pp * c_.plan.vp;
    out.chunks.resize(static_cast<std::size_t>(c_.plan.pp));
    for (std::int64_t stage = 0; stage < stages; ++stage) {
      TRY(work, stage_work(stage, stages));
      out.chunks[static_cast<std::size_t>(stage % c_.plan.pp)].push_back(std::move(work));
    }
    TRY(transfer, stage_transfer());
    out.transfer = transfer;
    TRY(once, once_a_step(out));
    out.once = std::move(once);
    return out;
  }

 private:
  // Communication of a unit that FSDP or ZeRO-2 runs beside the pass of that unit.
  Result<std::monostate> beside(Spent& pass, CollectiveOp op, const Unit& unit, Bytes element,
                                const char* name) {
    Seconds all{};
    TRY(dense, collective(c_.fabric, op, data_group(c_.plan), element * unit.dense));
    all += dense.time;
    if (unit.experts > 0) {
      TRY(experts, collective(c_.fabric, op, expert_data_group(c_.plan), element * unit.experts));
      all += experts.time;
    }
    pass.collectives += all;
    pass.host += c_.software.host_operation;
    const Seconds compute = pass.device;
    const Seconds hidden = std::min(all, compute) * (1 - c_.software.fsdp_exposed);
    pass.wait(name, "link", "collective", all - hidden);
    return std::monostate{};
  }

  Unit unit_of(const llm::ParameterCounts& p) const {
    const double tp = static_cast<double>(c_.plan.tp), ep = static_cast<double>(c_.plan.ep);
    return {(p.total() - p.experts) / tp, p.experts / ep};
  }

  Result<std::monostate> shard_unit(StageWork& work, const Unit& unit) {
    if (c_.plan.zero == 3) {
      TRY_VOID(beside(work.forward, CollectiveOp::all_gather, unit, c_.software.parameter_element,
                      "data communication"));
      TRY_VOID(beside(work.backward, CollectiveOp::all_gather, unit, c_.software.parameter_element,
                      "data communication"));
    }
    if (c_.plan.zero >= 2) {
      TRY_VOID(beside(work.backward, CollectiveOp::reduce_scatter, unit, c_.software.gradient_element,
                      "data communication"));
    }
    return std::monostate{};
  }

  Result<StageWork> layer_work(const llm::LayerGraph& layer) {
    StageWork out;
    TRY(forward, spend(c_, layer.forward));
    TRY(again, spend(c_, layer.recompute));
    TRY(backward, spend(c_, layer.backward));
    out.forward = std::move(forward);
    out.backward = std::move(backward);
    out.backward.add(again);
    if (layer.kind.experts) {
      out.forward.wait("host", "launch", "host", c_.software.host_expert_sync / 2);
      out.backward.wait("host", "launch", "host", c_.software.host_expert_sync / 2);
      out.forward.host += c_.software.host_expert_layer / 3;
      out.backward.host += c_.software.host_expert_layer * (2.0 / 3);
    }
    TRY_VOID(shard_unit(out, unit_of(llm::layer_parameters(in_.model, layer.kind))));
    out.forward.settle_host();
    out.backward.settle_host();
    return out;
  }

  // Embedding, head or multi-token prediction: forward and backward lists without a layer around them.
  Result<std::monostate> add_ends(StageWork& out, const llm::GraphOps& forward, const llm::GraphOps& backward,
                                  double parameters) {
    StageWork ends;
    TRY(f, spend(c_, forward));
    TRY(b, spend(c_, backward));
    ends.forward = std::move(f);
    ends.backward = std::move(b);
    TRY_VOID(shard_unit(ends, {parameters / static_cast<double>(c_.plan.tp), 0}));
    ends.forward.settle_host();
    ends.backward.settle_host();
    out.forward.add(ends.forward);
    out.backward.add(ends.backward);
    return std::monostate{};
  }

  Result<StageWork> stage_work(std::int64_t stage, std::int64_t stages) {
    StageWork out;
    const auto counts = llm::parameters(in_.model);
    if (stage == 0) {
      TRY_VOID(add_ends(out, graph_.embedding_forward, graph_.embedding_backward, counts.embedding));
    }
    const llm::LayerRange range = llm::stage_layers(in_.model, stages, stage);
    for (const auto& group : in_.model.layer_groups(range.first, range.last)) {
      for (const auto& [kind, work] : layers_) {
        if (!(kind == group.kind)) continue;
        out.forward.add(work.forward, static_cast<double>(group.count));
        out.backward.add(work.backward, static_cast<double>(group.count));
      }
    }
    if (stage == stages - 1) {
      for (const auto& mtp : graph_.mtp) {
        TRY_VOID(add_ends(out, mtp.forward, mtp.backward, counts.mtp));
      }
      TRY_VOID(add_ends(out, graph_.head_forward, graph_.head_backward, in_.model.tied ? 0 : counts.head));
    }
    return out;
  }

  Result<Seconds> stage_transfer() {
    if (c_.plan.pp == 1) return Seconds{0};
    const double split = c_.plan.sp ? static_cast<double>(c_.plan.tp) : 1.0;
    const Bytes bytes{in_.memory.shard.tokens() * static_cast<double>(in_.model.hidden) * 2 / split};
    TRY(cost, collective(c_.fabric, CollectiveOp::send_recv, pipeline_neighbours(c_.plan), bytes));
    return cost.time;
  }

  // Gradients beside the last backward, parameters beside the first forward, for ZeRO up to 1.
  Result<std::monostate> tail(const StepWork& work, const llm::StageParameters& p, std::int64_t rank,
                              Spent& out) {
    if (c_.plan.zero >= 2) return std::monostate{};
    const auto both = [&](CollectiveOp op, Bytes element) -> Result<Seconds> {
      TRY(dense, collective(c_.fabric, op, data_group(c_.plan), element * p.dense));
      TRY(experts, collective(c_.fabric, op, expert_data_group(c_.plan), element * p.experts));
      return dense.time + experts.time;
    };
    Seconds forward{}, backward{};
    for (const auto& chunk : work.chunks[static_cast<std::size_t>(rank)]) {
      forward += chunk.forward.time();
      backward += chunk.backward.time();
    }
    const auto book = [&](Seconds comm, double exposed, Seconds cover) {
      const Seconds hidden = std::min(comm * (1 - exposed), cover);
      out.collectives += comm;
      out.wait("data communication", "link", "collective", comm - hidden);
    };
    if (c_.plan.zero == 0) {
      TRY(all, both(CollectiveOp::all_reduce, c_.software.gradient_element));
      book(all, c_.software.gradients_exposed, backward);
      return std::monostate{};
    }
    TRY(scatter, both(CollectiveOp::reduce_scatter, c_.software.gradient_element));
    TRY(gather, both(CollectiveOp::all_gather, c_.software.parameter_element));
    book(scatter, c_.software.gradients_exposed, backward);
    book(gather, c_.software.parameters_exposed, forward);
    return std::monostate{};
  }

  Result<Spent> once_of(const StepWork& work, std::int64_t rank) {
    Spent out;
    TRY(p, llm::stage_parameters(in_.model, in_.memory, rank));
    TRY_VOID(tail(work, p, rank, out));
    const double held = p.dense + p.experts;
    const double owned =
        p.dense / static_cast<double>(p.dense_shards) + p.experts / static_cast<double>(p.expert_shards);
    const double updated = c_.plan.zero == 0 ? held : owned;
    for (auto& op : llm::optimizer_graph(updated, in_.memory.shard)) {
      // Gradients are cleared where they are kept: the whole buffer below ZeRO-2.
      if (op.name == "optimizer.zero_gradients" && c_.plan.zero < 2) {
        op = llm::optimizer_graph(held, in_.memory.shard).back();
      }
      TRY(spent, spend(c_, {op}));
      out.add(spent);
    }
    return out;
  }

  Result<Spent> once_a_step(const StepWork& work) {
    Spent slowest;
    for (std::int64_t rank = 0; rank < c_.plan.pp; ++rank) {
      TRY(spent, once_of(work, rank));
      if (slowest.device < spent.device) slowest = std::move(spent);
    }
    slowest.wait("host", "launch", "host", c_.software.host_step);
    return slowest;
  }

  PassContext& c_;
  const StepInput& in_;
  llm::TrainingGraph graph_;
  std::vector<std::pair<llm::LayerKind, StageWork>> layers_;
};

}  // namespace

Result<StepWork> work_of_step(PassContext& c, const StepInput& in) { return Builder(c, in).build(); }

Result<std::vector<llm::Operation>> distinct_operations(const StepInput& in) {
  TRY(graph, llm::training_graph(in.model, in.memory.shard));
  std::map<std::string, llm::Operation> out;
  const auto take = [&](const llm::GraphOps& ops) {
    for (const auto& g : ops) out.emplace(llm::describe(g.op), g.op);
  };
  const auto take_layers = [&](const std::vector<llm::LayerGraph>& layers) {
    for (const auto& l : layers) take(l.forward), take(l.backward), take(l.recompute);
  };
  take(graph.embedding_forward), take(graph.embedding_backward);
  take_layers(graph.layers), take_layers(graph.mtp);
  take(graph.head_forward), take(graph.head_backward);
  std::vector<llm::Operation> list;
  for (auto& [key, op] : out) list.push_back(std::move(op));
  return list;
}

StepSum sum_of(const StepWork& work, std::int64_t micro_batches, bool want_timeline) {
  Pipeline pipeline;
  pipeline.micro_batches = micro_batches;
  pipeline.transfer = work.transfer;
  for (const auto& rank : work.chunks) {
    std::vector<StageTime> times;
    for (const auto& chunk : rank) times.push_back({chunk.forward.time(), chunk.backward.time()});
    pipeline.chunks.push_back(std::move(times));
  }
  StepSum out;
  out.pipeline = run_pipeline(pipeline, want_timeline);
  std::size_t busiest = 0;
  for (std::size_t r = 1; r < out.pipeline.busy.size(); ++r) {
    if (out.pipeline.busy[busiest] < out.pipeline.busy[r]) busiest = r;
  }
  for (const auto& chunk : work.chunks[busiest]) {
    out.spent.add(chunk.forward, static_cast<double>(micro_batches));
    out.spent.add(chunk.backward, static_cast<double>(micro_batches));
  }
  out.spent.wait("pipeline bubble", "pipeline", "pipeline", out.pipeline.span - out.pipeline.busy[busiest]);
  out.spent.add(work.once);
  out.time = out.pipeline.span + work.once.device;
  return out;
}

}  // namespace etalon::cluster
