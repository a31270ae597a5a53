// SPDX-License-Identifier: Apache-2.0
#include "kernels/npu/attention_run.h"

#include <algorithm>
#include <array>
#include <functional>
#include <vector>

#include "ascendc/launch/launch.h"
#include "kernels/npu/attention_backward.h"
#include "kernels/npu/flash_attention.h"

namespace etalon::kernels {
namespace {

using npu::AttentionShape;
using npu::GmAddress;

// Key tiles of a block up to which a call is simulated whole. Of longer ones, whose items are short, two and
// four cycles of item lengths are; else the pace of a tile is taken between few and many long items, and what
// an item costs besides from short ones.
constexpr double kWhole = 640;
constexpr std::int64_t kFewItems = 2, kManyItems = 8, kLongTiles = 64;  // of an item
constexpr std::int64_t kFewShort = 4, kManyShort = 12, kShortTiles = 12;
constexpr std::int64_t kPassElements = 48 * 8192 * 8;  // of each gradient
constexpr std::int64_t kAll = std::int64_t{1} << 40;

template <class T>
void launch_forward(const AttentionPlan& plan, const npu::AttentionGradientPointers& p) {
  if (plan.direct)
    npu::flash_attention_kernel<T, true>(p.q, p.k, p.v, p.o, nullptr, p.workspace, plan.shape);
  else
    npu::flash_attention_kernel<T, false>(p.q, p.k, p.v, p.o, nullptr, p.workspace, plan.shape);
}
template <class T>
void launch_backward(bool direct, npu::BackwardPass pass, const npu::AttentionGradientPointers& p,
                     const AttentionShape& s) {
  if (direct)
    npu::attention_backward_pass<T, true>(pass, p, s);
  else
    npu::attention_backward_pass<T, false>(pass, p, s);
}

// A simulated part. Its pace is that of the mean of the cores, which end less at random than the last one.
struct Sample {
  NpuWork work;
  double mean = 0;  // seconds until a core's end
  AttentionPlan::Load load;
};

void for_each_total(NpuWork& w,
                    const std::function<void(double&, const char* group, const std::string&)>& f) {
  f(w.hbm_read.value, "hbm read", "");
  f(w.hbm_written.value, "hbm written", "");
  f(w.l2_read.value, "l2 read", "");
  f(w.hbm_busy.value, "hbm busy", "");
  for (auto& [name, time] : w.busy) f(time.value, "busy", name);
  for (auto& [name, time] : w.stalls) f(time.value, "stalls", name);
}
double total_of(NpuWork& w, const std::string& group, const std::string& name) {
  double out = 0;
  for_each_total(w, [&](double& x, const char* g, const std::string& n) {
    if (group == g && name == n) out = x;
  });
  return out;
}

// A statistic as a line through two samples, at `all` of its measure.
double continued(double few, double more, double load_few, double load_more, double all) {
  return load_more > load_few ? more + (more - few) / (load_more - load_few) * (all - load_more) : more;
}

class Body {
 public:
  Body(const NpuDevice& d, const AttentionRun& run) : d_(d), run_(run) {}

  Result<NpuWork> work(bool want_timeline, std::optional<Timeline>& timeline) {
    const std::int64_t rounds = run_.plan.rounds();
    const auto all = load_of_all(rounds);
    const std::int64_t cycle = rounds_of_a_cycle();
    const bool short_cycle = run_.plan.load(cycle, kAll).most_tiles <= kWhole / 4;
    if (all.most_tiles <= kWhole || (short_cycle && rounds <= 4 * cycle)) {
      TRY(whole, sample(rounds, kAll, want_timeline, timeline));
      return std::move(whole.work);
    }
    if (short_cycle) {
      TRY(few, sample(2 * cycle, kAll, want_timeline, timeline));
      TRY(more, sample(4 * cycle, kAll, false, timeline));
      return line(few, more, all);
    }
    if (rounds <= kManyItems) {
      const std::int64_t tiles = kManyItems * kLongTiles / (2 * rounds);
      TRY(few, sample(rounds, tiles, want_timeline, timeline));
      TRY(more, sample(rounds, 2 * tiles, false, timeline));
      return line(few, more, all);
    }
    TRY(a, sample(kFewItems, kLongTiles, want_timeline, timeline));
    TRY(b, sample(kManyItems, kLongTiles, false, timeline));
    TRY(c, sample(kFewShort, kShortTiles, false, timeline));
    TRY(e, sample(kManyShort, kShortTiles, false, timeline));
    return plane({a, b, c, e}, all);
  }

 private:
  Result<Sample> sample(std::int64_t rounds, std::int64_t tiles, bool want_timeline,
                        std::optional<Timeline>& timeline) {
    AttentionRun part = run_;
    part.plan.shape.most_rounds = rounds;
    part.plan.shape.most_tiles = tiles == kAll ? 0 : tiles;
    TRY(stats, run_attention(d_, part, want_timeline));
    Sample s;
    s.load = run_.plan.load(rounds, tiles);
    s.work.body = stats.time;
    s.mean = stats.core_mean.value;
    add_run(s.work, stats);
    if (want_timeline) timeline = stats.timeline;
    return s;
  }

  // Rounds after which the lengths of items repeat.
  std::int64_t rounds_of_a_cycle() const {
    const AttentionShape& s = run_.plan.shape;
    const std::int64_t lanes = std::min(s.lanes_together, npu::attention_detail::lanes_of(s));
    const std::int64_t items =
        lanes * npu::row::ceil_div(npu::attention_detail::lane_rows(s), s.rows) * s.splits;
    return std::max<std::int64_t>(2, npu::row::ceil_div(items, 2 * run_.plan.blocks) * 2);
  }
  // Of very many rounds a part is counted, whole cycles of it.
  AttentionPlan::Load load_of_all(std::int64_t rounds) const {
    const std::int64_t counted = npu::row::ceil_div(512, rounds_of_a_cycle()) * rounds_of_a_cycle();
    if (rounds <= counted) return run_.plan.load(rounds, kAll);
    AttentionPlan::Load l = run_.plan.load(counted, kAll);
    const double more = static_cast<double>(rounds) / static_cast<double>(counted);
    for (double* x : {&l.most_tiles, &l.all_tiles, &l.most_items, &l.all_items}) *x *= more;
    return l;
  }

  NpuWork line(Sample& few, Sample& more, const AttentionPlan::Load& all) const {
    NpuWork w = more.work;
    const double tiles = (more.load.all_tiles - few.load.all_tiles) / run_.plan.blocks;
    if (tiles > 0)
      w.body += Seconds{(more.mean - few.mean) / tiles * (all.most_tiles - more.load.most_tiles)};
    for_each_total(w, [&](double& x, const char* group, const std::string& name) {
      x = std::max(0.0, continued(total_of(few.work, group, name), x, few.load.all_tiles, more.load.all_tiles,
                                  all.all_tiles));
    });
    return w;
  }

  // Samples: few and many long items, few and many short ones. Two lengths tell what a tile costs and what an
  // item costs besides.
  NpuWork plane(std::array<Sample, 4> s, const AttentionPlan::Load& all) const {
    NpuWork w = s[1].work;
    struct Pace {
      double tile = 0, item = 0;
    };
    const auto pace = [&](const std::array<double, 4>& x) {
      const auto of = [&](std::size_t few, std::size_t many, double& tiles) {
        const double items = std::max(1.0, s[many].load.all_items - s[few].load.all_items);
        tiles = (s[many].load.all_tiles - s[few].load.all_tiles) / items;
        return (x[many] - x[few]) / items;
      };
      double tiles_long = 0, tiles_short = 0;
      const double long_item = of(0, 1, tiles_long), short_item = of(2, 3, tiles_short);
      Pace p;
      p.tile = (long_item - short_item) / std::max(1.0, tiles_long - tiles_short);
      p.item = long_item - p.tile * tiles_long;
      return p;
    };
    // Mean times grow by the tiles of one block, statistics by those of all.
    Pace p = pace({s[0].mean, s[1].mean, s[2].mean, s[3].mean});
    w.body += Seconds{run_.plan.blocks * (p.tile * (all.most_tiles - s[1].load.most_tiles) +
                                          p.item * (all.most_items - s[1].load.most_items))};
    for_each_total(w, [&](double& x, const char* group, const std::string& name) {
      std::array<double, 4> v{};
      for (std::size_t i = 0; i < 4; ++i) v[i] = total_of(s[i].work, group, name);
      p = pace(v);
      x = std::max(0.0, x + p.tile * (all.all_tiles - s[1].load.all_tiles) +
                            p.item * (all.all_items - s[1].load.all_items));
    });
    return w;
  }

  const NpuDevice& d_;
  const AttentionRun& run_;
};

}  // namespace

namespace {

// Tensors of a call on a device without data.
struct Operands {
  Operands(const NpuDevice& d, const AttentionRun& run)
      : machine(d.spec), device(d.costs, &machine, false), plan(run.plan), dtype(run.dtype) {
    const AttentionShape& s = plan.shape;
    p.q = tensor(s.batch * s.q_batch);
    p.k = tensor(s.batch * s.kv_batch);
    p.v = s.shared_kv ? p.k : tensor(s.batch * s.v_batch);
    p.o = tensor(s.batch * s.o_batch);
    if (plan.backward) {
      p.grad = tensor(s.batch * s.o_batch);
      p.lse = bytes(s.batch * s.heads * s.seq_q * 4);
      p.dq = tensor(s.batch * s.q_batch);
      p.dk = tensor(s.batch * s.kv_batch);
      p.dv = tensor(s.batch * s.v_batch);
      p.workspace = bytes(npu::attention_backward_workspace(s, plan.blocks));
    } else {
      p.workspace = bytes(npu::attention_workspace(s, plan.blocks));
    }
    if (run.resident) {
      touch(p.k, s.batch * s.kv_batch);
      touch(p.v, s.batch * s.v_batch);
    }
  }
  GmAddress bytes(std::int64_t n) { return reinterpret_cast<GmAddress>(device.allocate(n)); }
  GmAddress tensor(std::int64_t elements) { return bytes(elements * plan.element); }
  void touch(GmAddress at, std::int64_t elements) {
    machine.touch({device.find(at, 1)->device, 1, elements * plan.element, elements * plan.element});
  }

  Result<chip::RunStats> launch(bool want_timeline, const std::function<void()>& kernel) {
    ascendc::LaunchOptions options;
    options.type = ascendc::KernelType::mix_1_2;
    options.blocks = plan.blocks;
    options.mode = ascendc::Mode::timing_only;
    options.runtime_tiling = false;
    options.want_timeline = want_timeline;
    TRY(result, ascendc::launch(device, options, kernel));
    return std::move(result.stats);
  }
  void forward() const {
    if (plan.element == 1 && dtype == llm::Dtype::int8)
      launch_forward<std::int8_t>(plan, p);
    else if (plan.element == 1)
      launch_forward<fp8_e4m3fn_t>(plan, p);
    else if (dtype == llm::Dtype::fp16)
      launch_forward<half>(plan, p);
    else
      launch_forward<bfloat16_t>(plan, p);
  }
  void backward(npu::BackwardPass pass, const AttentionShape& s) const {
    if (dtype == llm::Dtype::fp16)
      launch_backward<half>(plan.direct, pass, p, s);
    else
      launch_backward<bfloat16_t>(plan.direct, pass, p, s);
  }

  chip::Machine machine;
  ascendc::Device device;
  const AttentionPlan& plan;
  llm::Dtype dtype;
  npu::AttentionGradientPointers p;
};

// A pass over the gradients, clearing or casting them, continued from `kPassElements` of each.
Result<NpuWork> gradient_pass(Operands& operands, npu::BackwardPass pass) {
  const AttentionShape& s = operands.plan.shape;
  const auto total = [](const AttentionShape& x) {
    return static_cast<double>(npu::attention_detail::q_elements(x) + npu::attention_detail::k_elements(x) +
                               npu::attention_detail::v_elements(x));
  };
  AttentionShape part = s;
  part.batch = 1;
  for (std::int64_t* elements : {&part.q_batch, &part.kv_batch, &part.v_batch})
    *elements = std::min(*elements * s.batch, kPassElements);
  TRY(stats, operands.launch(false, [&] { operands.backward(pass, part); }));
  NpuWork w;
  w.body = stats.time;
  add_run(w, stats);
  const double more = total(s) / total(part);
  w.body = w.body * more;
  for_each_total(w, [&](double& x, const char*, const std::string&) { x *= more; });
  return w;
}

void add(NpuWork& to, NpuWork& from) {
  to.body += from.body;
  to.hbm_read += from.hbm_read;
  to.hbm_written += from.hbm_written;
  to.l2_read += from.l2_read;
  to.hbm_busy += from.hbm_busy;
  for (auto& [name, time] : from.busy) to.busy[name] += time;
  for (auto& [name, time] : from.stalls) to.stalls[name] += time;
}

}  // namespace

Result<chip::RunStats> run_attention(const NpuDevice& d, const AttentionRun& run, bool want_timeline) {
  Operands operands(d, run);
  return operands.launch(want_timeline, [&] {
    if (run.plan.backward)
      operands.backward(npu::BackwardPass::products, run.plan.shape);
    else
      operands.forward();
  });
}

Result<NpuWork> attention_body(const NpuDevice& d, const AttentionRun& run, bool want_timeline,
                               std::optional<Timeline>& timeline) {
  TRY(w, Body(d, run).work(want_timeline, timeline));
  if (!run.plan.backward) return w;
  Operands operands(d, run);
  for (auto pass : {npu::BackwardPass::clear, npu::BackwardPass::finish}) {
    TRY(more, gradient_pass(operands, pass));
    add(w, more);
    w.body += Seconds{d.costs.sync_all / d.spec.clock.value};
  }
  return w;
}

}  // namespace etalon::kernels
