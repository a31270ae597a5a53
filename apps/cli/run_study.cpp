// SPDX-License-Identifier: Apache-2.0
#include "apps/cli/run_study.h"

#include <mutex>

#include "apps/cli/progress.h"
#include "base/interrupt.h"

namespace etalon::cli {

int run_study(const study::Recipe& recipe, const StudyFlags& flags, const std::vector<std::string>& hashes,
              const Context& context) {
  Progress progress("compare");
  std::mutex mutex;
  study::RunOptions options;
  options.use_cache = !flags.no_cache;
  options.jobs = flags.jobs;
  options.cancelled = &interrupt_flag();
  options.progress = [&](int done, int total) {
    const std::lock_guard lock(mutex);
    progress(static_cast<std::size_t>(done), static_cast<std::size_t>(total));
  };
  const auto compared = study::run(recipe, options, hashes);
  progress.clear();
  if (!compared) return is_interrupted() ? kInterrupted : context.fail(compared.error());
  return context.show(compared->document, compared->json);
}

}  // namespace etalon::cli
