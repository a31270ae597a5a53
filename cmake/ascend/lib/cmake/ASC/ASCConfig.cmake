# SPDX-License-Identifier: Apache-2.0
# find_package(ASC): the language ASC (.asc sources with kernels and host code), compiled and linked by `etalon cc`.
include(${CMAKE_CURRENT_LIST_DIR}/../../../etalon_ascend.cmake)
list(PREPEND CMAKE_MODULE_PATH ${CMAKE_CURRENT_LIST_DIR})
set(ASC_FOUND TRUE)
