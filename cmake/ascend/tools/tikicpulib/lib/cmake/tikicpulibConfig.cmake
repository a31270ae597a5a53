# SPDX-License-Identifier: Apache-2.0
# tikicpulib::SOC: kernels as plain C++ of the host's compiler, run by ICPU_RUN_KF.
include(${CMAKE_CURRENT_LIST_DIR}/../../../../etalon_ascend.cmake)
foreach(soc ascend910 ascend310p ascend310B1 ascend910B1 Ascend910A Ascend310P1 Ascend310P3 Ascend310B1 Ascend910B1 Ascend910B2 Ascend910B3 Ascend910B4 Ascend910_9391
        Ascend950PR Ascend950DT)
  if(NOT TARGET tikicpulib::${soc})
    add_library(tikicpulib::${soc} INTERFACE IMPORTED GLOBAL)
    set_target_properties(tikicpulib::${soc} PROPERTIES
      INTERFACE_COMPILE_DEFINITIONS "__CCE_KT_TEST__=1;ASCENDC_CPU_DEBUG=1;__CCE_AICORE__=220;__NPU_ARCH__=2201"
      INTERFACE_COMPILE_OPTIONS "-include;${ETALON_DEVICE_HEADERS}/etalon_cc/cpu_mode.h"
      INTERFACE_INCLUDE_DIRECTORIES "${ETALON_DEVICE_HEADERS}")
    target_link_libraries(tikicpulib::${soc} INTERFACE ${ETALON_LIBRARIES}/libetalon_ascend_start.a etalon::host)
  endif()
endforeach()
set(tikicpulib_FOUND TRUE)
