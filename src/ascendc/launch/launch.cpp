// SPDX-License-Identifier: Apache-2.0
#include "ascendc/launch/launch.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <optional>

#include "ascendc/launch/core_runtime.h"

__thread etalon_asc_core* etalon_asc_current = nullptr;

namespace etalon::ascendc {
namespace {

struct Shape {
  int machine_blocks = 0;  // blocks run at a time
  int cubes = 0, vectors = 0, sub_blocks = 0;
  int cores() const { return cubes + vectors; }
};

Result<Shape> shape_of(const LaunchOptions& o, const InstructionCosts& costs) {
  if (o.blocks < 1 || o.blocks > 65535) {
    return fail("launch.blocks", fmt::format("{} blocks asked for, expected 1 to 65535", o.blocks));
  }
  Shape s;
  const int cubes = std::max(costs.cubes, 1), vectors = std::max(costs.vectors, 1);
  switch (o.type) {
    case KernelType::aic:
      s.machine_blocks = s.cubes = std::min(o.blocks, cubes);
      break;
    case KernelType::aiv:
      s.machine_blocks = s.vectors = std::min(o.blocks, vectors);
      break;
    case KernelType::mix_1_2:
    case KernelType::mix_1_1:
      s.sub_blocks = o.type == KernelType::mix_1_2 ? 2 : 1;
      s.machine_blocks = s.cubes = std::min({o.blocks, cubes, std::max(1, vectors / s.sub_blocks)});
      s.vectors = s.cubes * s.sub_blocks;
      break;
  }
  return s;
}

// Timelines show the cores of the first block, of plain kernels those of the first two.
std::string lane_name(const Shape& shape, int index) {
  const bool is_cube = index < shape.cubes;
  const int lane = is_cube ? index : index - shape.cubes;
  if (lane >= (shape.sub_blocks > 0 ? (is_cube ? 1 : shape.sub_blocks) : 2)) return {};
  return fmt::format("{} {}", is_cube ? "cube" : "vector", lane);
}

// The blocks of one core, in turn.
void run_core(CoreRuntime& core, const LaunchOptions& o, const Shape& shape, const InstructionCosts& costs,
              int index, const std::function<void()>& kernel) {
  const bool is_cube = index < shape.cubes;
  const int lane = is_cube ? index : index - shape.cubes;
  const int per_block = !is_cube && shape.sub_blocks > 0 ? shape.sub_blocks : 1;
  const auto sub = static_cast<std::uint32_t>(lane % per_block);
  core.stack_ends(__builtin_frame_address(0));
  core.scalar_work(lane / per_block * costs.block_start);  // blocks of a launch start one after another
  for (int block = lane / per_block; block < o.blocks; block += shape.machine_blocks) {
    core.begin_block(static_cast<std::uint32_t>(block * per_block) + sub,
                     static_cast<std::uint32_t>(o.blocks), sub);
    kernel();
    core.end_block();
  }
}

}  // namespace

Result<LaunchResult> launch(Device& device, const LaunchOptions& o, const std::function<void()>& kernel) {
  TRY(shape, shape_of(o, device.costs()));
  LaunchContext context;
  context.device = &device;
  context.costs = &device.costs();
  context.functional = o.mode != Mode::timing_only;
  context.timed = o.mode != Mode::functional;
  context.runtime_tiling = o.runtime_tiling;
  context.cubes = shape.cubes;
  context.vectors = shape.vectors;
  context.sub_blocks = shape.sub_blocks;
  context.observer = o.observer;
  if (o.place_of) context.place_of = &o.place_of;
  if (context.functional && !device.with_data()) {
    return fail("launch.mode", "numbers asked for on a device without data",
                "make the device with data, or time only");
  }
  if (context.timed && device.machine() == nullptr) {
    return fail("launch.mode", "time asked for on a device without a machine", "give the device a machine");
  }

  std::deque<CoreRuntime> cores;  // outlive the fibers, which unwind through them
  for (int c = 0; c < shape.cores(); ++c) {
    cores.emplace_back(context, c, c < shape.cubes);
    context.cores.push_back(&cores.back());
  }
  std::optional<WorkQueues> queues;  // ends before the cores do
  std::optional<DeviceOrder> order;
  const int threads = o.threads > 0 ? o.threads : threads_for_numbers();
  if (context.functional && threads > 1) {
    queues.emplace(shape.cores(), threads, [&cores](int core, const NumberJob& job) {
      cores[static_cast<std::size_t>(core)].carry_out(job);
    });
    order.emplace(*queues);
    context.queues = &*queues;
    context.order = &*order;
  }
  LaunchResult result;
  std::string stuck;
  if (o.observer != nullptr) {
    o.observer->on_launch({&device, o.blocks, shape.machine_blocks, shape.cubes, shape.vectors,
                           shape.sub_blocks, context.functional});
  }
  LaunchEnd end;
  try {
    if (context.timed) {
      const int partitions = device.machine()->spec().l2_partitions;
      const auto program = [&](chip::Core& c) {
        // A vector core reads through the same part of L2 as the cube core of its block.
        if (shape.sub_blocks > 0) {
          const bool vector = c.index() >= shape.cubes;
          const int block = vector ? (c.index() - shape.cubes) / shape.sub_blocks : c.index();
          c.l2_partition(block * partitions / shape.machine_blocks);
        }
        if (o.want_timeline) c.timeline_name(lane_name(shape, c.index()));
        CoreRuntime& core = cores[static_cast<std::size_t>(c.index())];
        core.attach(&c);
        run_core(core, o, shape, device.costs(), c.index(), kernel);
      };
      result.stats = device.machine()->run(shape.cores(), program, o.want_timeline);
      stuck = result.stats.deadlock;
    } else {
      LooseScheduler loose;
      context.loose = &loose;
      stuck = loose.run(shape.cores(), [&](int core) {
        run_core(cores[static_cast<std::size_t>(core)], o, shape, device.costs(), core, kernel);
      });
    }
    if (queues) queues->settle_all();
  } catch (const DeviceFault& fault) {
    etalon_asc_current = nullptr;
    if (queues) queues->settle_all();  // what came before the fault
    if (o.observer != nullptr) o.observer->on_end({fault.code, fault.what()});
    return fail(fault.code, fault.what());
  }
  etalon_asc_current = nullptr;
  if (!stuck.empty()) end = {"ascendc.deadlock", "the kernel hangs: " + stuck};
  if (o.observer != nullptr) o.observer->on_end(end);
  if (!stuck.empty())
    return fail("ascendc.deadlock", "the kernel hangs: " + stuck, "check that every wait has its set");
  result.calls = context.calls;
  for (const auto& [place, cycles] : context.conflicts)
    result.bank_conflicts[place] = Seconds{cycles / device.machine()->spec().clock.value};
  return result;
}

}  // namespace etalon::ascendc
