// SPDX-License-Identifier: Apache-2.0
#include "cluster/plan.h"

#include <fmt/format.h>

namespace etalon::cluster {
namespace {

using Check = Result<std::monostate>;

Check degrees(const ParallelPlan& p, const Fabric& fabric) {
  const std::pair<const char*, std::int64_t> all[] = {{"dp", p.dp},
                                                      {"tp", p.tp},
                                                      {"pp", p.pp},
                                                      {"vp", p.vp},
                                                      {"cp", p.cp},
                                                      {"ep", p.ep},
                                                      {"micro-batch", p.micro_batch}};
  for (const auto& [name, value] : all) {
    if (value < 1 || value > 1'000'000)
      return fail("plan.degree", fmt::format("{} is {}, expected 1 or more", name, value));
  }
  if (p.devices() != fabric.devices()) {
    return fail("plan.degrees",
                fmt::format("tp {} x cp {} x dp {} x pp {} is {}, but {} {} have {} devices", p.tp, p.cp,
                            p.dp, p.pp, p.devices(), fabric.packages, fabric.chip, fabric.devices()),
                "their product must be the number of devices; a package may hold several");
  }
  if (p.zero < 0 || p.zero > 3)
    return fail("plan.zero", fmt::format("zero is {}, expected 0 to 3", p.zero), "3 is FSDP");
  if (p.zero >= 2 && p.pp > 1) {
    return fail(
        "plan.zero",
        fmt::format("zero {} with pp {}: gradients would be reduced once per micro-batch", p.zero, p.pp),
        "use zero 1 with a pipeline");
  }
  return std::monostate{};
}

Check heads(const ParallelPlan& p, const llm::Architecture& a) {
  if (a.heads % p.tp != 0) {
    return fail("plan.heads", fmt::format("{} attention heads do not divide by tp {}", a.heads, p.tp));
  }
  if (!a.latent && a.kv_heads % p.tp != 0 && p.tp % a.kv_heads != 0) {
    return fail("plan.heads", fmt::format("{} key-value heads and tp {} do not divide", a.kv_heads, p.tp));
  }
  if (a.heads % (p.tp * p.cp) != 0) {
    return fail("plan.heads",
                fmt::format("{} attention heads do not divide by tp {} x cp {}", a.heads, p.tp, p.cp),
                "context parallel ranks exchange heads");
  }
  for (const std::int64_t width : {a.ffn, a.expert_ffn, a.shared_ffn}) {
    if (width % p.tp != 0)
      return fail("plan.heads", fmt::format("a layer width of {} does not divide by tp {}", width, p.tp));
  }
  return std::monostate{};
}

Check layers(const ParallelPlan& p, const llm::Architecture& a) {
  const std::int64_t stages = p.pp * p.vp;
  if (p.vp > 1 && p.pp == 1)
    return fail("plan.layers", fmt::format("vp {} needs a pipeline", p.vp), "set pp above 1");
  if (stages > a.layer_count() || (p.vp > 1 && a.layer_count() % stages != 0)) {
    return fail("plan.layers", fmt::format("{} layers do not spread over pp {} x vp {} stages",
                                           a.layer_count(), p.pp, p.vp));
  }
  return std::monostate{};
}

Check experts(const ParallelPlan& p, const llm::Architecture& a) {
  if (p.ep == 1) return std::monostate{};
  if (!a.has_experts())
    return fail("plan.experts", fmt::format("ep {} but model '{}' has no experts", p.ep, a.name));
  if (a.experts % p.ep != 0)
    return fail("plan.experts", fmt::format("{} experts do not divide by ep {}", a.experts, p.ep));
  if ((p.tp * p.cp * p.dp) % p.ep != 0) {
    return fail("plan.experts", fmt::format("ep {} does not divide the {} ranks of a pipeline stage", p.ep,
                                            p.tp * p.cp * p.dp));
  }
  return std::monostate{};
}

Check sequence(const ParallelPlan& p, const Task& task) {
  if (task.seq < 1 || task.seq > (std::int64_t{1} << 30))
    return fail("plan.sequence", fmt::format("sequence of {} tokens, expected 1 to 2^30", task.seq));
  const std::int64_t parts = p.cp * (p.sp ? p.tp : 1);
  if (task.seq % parts != 0) {
    return fail("plan.sequence", fmt::format("a sequence of {} tokens does not divide by cp {}{}", task.seq,
                                             p.cp, p.sp && p.tp > 1 ? fmt::format(" x tp {}", p.tp) : ""));
  }
  return std::monostate{};
}

Result<std::int64_t> batch(const ParallelPlan& p, const Task& task) {
  if (task.global_batch < 1 || task.global_batch > (std::int64_t{1} << 40))
    return fail("plan.batch",
                fmt::format("global batch of {} sequences, expected 1 or more", task.global_batch));
  if (task.global_batch % (p.dp * p.micro_batch) != 0) {
    return fail("plan.batch", fmt::format("a global batch of {} does not divide by dp {} x micro-batch {}",
                                          task.global_batch, p.dp, p.micro_batch));
  }
  const std::int64_t count = task.global_batch / (p.dp * p.micro_batch);
  if (p.vp > 1 && count % p.pp != 0) {
    return fail("plan.batch", fmt::format("{} micro-batches do not divide by pp {}, which interleaving needs",
                                          count, p.pp));
  }
  return count;
}

// Powers of two up to `most`, or only the fixed one.
std::vector<std::int64_t> choices(std::int64_t fixed, std::int64_t most) {
  if (fixed > 0) return {fixed};
  std::vector<std::int64_t> out;
  for (std::int64_t v = 1; v <= most; v *= 2) out.push_back(v);
  return out;
}

}  // namespace

std::string describe(const ParallelPlan& p) {
  std::string out;
  const auto degree = [&](const char* name, std::int64_t value) {
    if (value > 1) out += fmt::format("{} {} ", name, value);
  };
  degree("dp", p.dp), degree("tp", p.tp), degree("cp", p.cp), degree("pp", p.pp), degree("vp", p.vp),
      degree("ep", p.ep);
  if (p.tp > 1 && !p.sp) out += "no-sp ";
  return fmt::format("{}zero {} micro-batch {} recompute {} {}", out, p.zero, p.micro_batch,
                     name_of(p.recompute), name_of(p.dtype));
}

Result<std::int64_t> micro_batches(const ParallelPlan& p, const llm::Architecture& a, const Fabric& fabric,
                                   const Task& task) {
  TRY_VOID(degrees(p, fabric));
  TRY_VOID(heads(p, a));
  TRY_VOID(layers(p, a));
  TRY_VOID(experts(p, a));
  TRY_VOID(sequence(p, task));
  return batch(p, task);
}

llm::Shard shard_of(const ParallelPlan& p, const Task& task) {
  llm::Shard s;
  s.micro_batch = p.micro_batch;
  s.seq = task.seq;
  s.tp = p.tp;
  s.cp = p.cp;
  s.ep = p.ep;
  s.sequence_parallel = p.sp && p.tp > 1;
  s.dtype = p.dtype;
  s.recompute = p.recompute;
  return s;
}

std::vector<ParallelPlan> enumerate_plans(const PlanLimits& limits, const llm::Architecture& a,
                                          const Fabric& fabric, const Task& task) {
  std::vector<ParallelPlan> out;
  const std::int64_t devices = fabric.devices();
  const std::vector<int> zeros = limits.zero >= 0 ? std::vector<int>{limits.zero} : std::vector<int>{1, 3};
  std::vector<llm::Recompute> recomputes{limits.recompute};
  if (limits.any_recompute)
    recomputes = {llm::Recompute::none, llm::Recompute::selective, llm::Recompute::full};
  for (const auto tp : choices(limits.tp, devices))
    for (const auto pp : choices(limits.pp, devices))
      for (const auto cp : choices(limits.cp, task.seq >= 32768 ? devices : 1))
        for (const auto ep : choices(limits.ep, a.has_experts() ? devices : 1))
          for (const int zero : zeros)
            for (const auto micro_batch : choices(limits.micro_batch, 8))
              for (const auto recompute : recomputes) {
                if (devices % (tp * pp * cp) != 0) continue;
                ParallelPlan p{devices / (tp * pp * cp),
                               tp,
                               pp,
                               1,
                               cp,
                               ep,
                               true,
                               zero,
                               micro_batch,
                               recompute,
                               limits.dtype};
                if (limits.dp > 0 && p.dp != limits.dp) continue;
                if (zero == 3 && p.dp * cp == 1 && limits.zero < 0) continue;  // nothing to shard over
                if (micro_batches(p, a, fabric, task)) out.push_back(p);
              }
  return out;
}

}  // namespace etalon::cluster
