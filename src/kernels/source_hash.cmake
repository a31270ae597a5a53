# SPDX-License-Identifier: Apache-2.0
# Writes OUT: a header with one SHA-256 over the sources that decide simulated times.
set(all "")
foreach(room engine chip ascendc kernels)
  file(GLOB_RECURSE files RELATIVE ${ROOT} ${ROOT}/${room}/*.cpp ${ROOT}/${room}/*.h)
  list(FILTER files EXCLUDE REGEX "_(test|bench)\\.cpp$")
  list(SORT files)
  foreach(name ${files})
    file(SHA256 ${ROOT}/${name} digest)
    string(APPEND all "${name} ${digest}\n")
  endforeach()
endforeach()
string(SHA256 total "${all}")
file(CONFIGURE OUTPUT ${OUT} CONTENT
  "#pragma once\n#define ETALON_SOURCE_HASH \"${total}\"\n" @ONLY)
