# SPDX-License-Identifier: Apache-2.0
# What the build files of Ascend C projects expect of a toolkit, carried out by `etalon cc`. A project finds this folder
# by its own variable (ASCEND_CANN_PACKAGE_PATH, CMAKE_PREFIX_PATH, ASC_DIR); nothing else is to be set.
include_guard(GLOBAL)

get_filename_component(ETALON_ROOT "${CMAKE_CURRENT_LIST_DIR}/../.." ABSOLUTE)
if(NOT ETALON_PROGRAM AND DEFINED ENV{ETALON_PROGRAM})
  set(ETALON_PROGRAM $ENV{ETALON_PROGRAM} CACHE FILEPATH "the program etalon, beside which libetalon_ascend.so lies")
endif()
find_program(ETALON_PROGRAM etalon
  HINTS ${ETALON_ROOT}/build/release ${ETALON_ROOT}/build NO_DEFAULT_PATH
  DOC "the program etalon, beside which libetalon_ascend.so lies")
find_program(ETALON_PROGRAM etalon)
if(NOT ETALON_PROGRAM)
  message(FATAL_ERROR "etalon is not built: run ${ETALON_ROOT}/etalon --version, or set ETALON_PROGRAM")
endif()
get_filename_component(ETALON_LIBRARIES "${ETALON_PROGRAM}" DIRECTORY)
if(NOT EXISTS ${ETALON_LIBRARIES}/libetalon_ascend_start.a)  # the script that builds and starts the program
  string(APPEND ETALON_LIBRARIES /build/release)
endif()
if(NOT EXISTS ${ETALON_LIBRARIES}/libetalon_ascend_start.a)
  message(FATAL_ERROR "no libetalon_ascend_start.a beside ${ETALON_PROGRAM}: set ETALON_PROGRAM to the built program, "
    "or run ${ETALON_ROOT}/etalon --version, which builds it")
endif()
set(ETALON_HOST_HEADERS ${ETALON_ROOT}/src/ascendc/acl/include ${ETALON_ROOT}/src/ascendc/acl/include/tiling)
set(ETALON_DEVICE_HEADERS ${ETALON_ROOT}/src/ascendc/api)

# The runtime library; kernels compiled by `etalon cc` also need the start archive.
if(NOT TARGET etalon::host)
  add_library(etalon::host INTERFACE IMPORTED GLOBAL)
  set_target_properties(etalon::host PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES "${ETALON_HOST_HEADERS}"
    INTERFACE_LINK_LIBRARIES "${ETALON_LIBRARIES}/libetalon_ascend.so"
    INTERFACE_LINK_OPTIONS "-Wl,-rpath,${ETALON_LIBRARIES}")
endif()
# Libraries of the vendor's toolkit that programs name; the host interface stands in for all of them.
foreach(name host_intf_pub ascendcl tiling_api register platform ascendalog c_sec runtime graph_base graph metadef mmpa
        error_manager profapi ascend_dump ascendc_runtime unified_dlog)
  if(NOT TARGET ${name})
    add_library(${name} INTERFACE IMPORTED GLOBAL)
    target_link_libraries(${name} INTERFACE etalon::host)
  endif()
endforeach()

function(etalon_ascend_architecture out)
  set(arch dav-2201)
  if("${SOC_VERSION};${CMAKE_ASC_ARCHITECTURES};${NPU_ARCH}" MATCHES "3510|[Aa]scend950|910_95|310")
    set(arch dav-3510)
  endif()
  set(${out} ${arch} PARENT_SCOPE)
endfunction()

# ascendc_library(NAME SHARED|STATIC|OBJECT sources...): kernels, and aclrtlaunch_KERNEL.h for those who link them.
function(ascendc_library name kind)
  etalon_ascend_architecture(arch)
  set(headers ${CMAKE_CURRENT_BINARY_DIR}/include/${name})
  file(MAKE_DIRECTORY ${headers})
  set(objects "")
  # What is said later of the target, generator expressions in it evaluated, empty words left out.
  foreach(what DEFINITIONS INCLUDES OPTIONS)
    set(${what} "$<FILTER:$<TARGET_GENEX_EVAL:${name},$<TARGET_PROPERTY:${name},ETALON_${what}>>,INCLUDE,.>")
  endforeach()
  foreach(source ${ARGN})
    get_filename_component(path ${source} ABSOLUTE)
    get_filename_component(stem ${source} NAME)
    set(object ${CMAKE_CURRENT_BINARY_DIR}/${name}.dir/${stem}.o)
    add_custom_command(OUTPUT ${object}
      COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_CURRENT_BINARY_DIR}/${name}.dir
      COMMAND ${ETALON_PROGRAM} cc -c -fPIC --npu-arch=${arch} --launch-headers ${headers} -MD -MF ${object}.d
              -I${CMAKE_CURRENT_SOURCE_DIR} "$<$<BOOL:${INCLUDES}>:-I$<JOIN:${INCLUDES},;-I>>"
              "$<$<BOOL:${DEFINITIONS}>:-D$<JOIN:${DEFINITIONS},;-D>>" "${OPTIONS}" ${path} -o ${object}
      DEPENDS ${path} ${ETALON_PROGRAM} DEPFILE ${object}.d COMMAND_EXPAND_LISTS VERBATIM
      COMMENT "etalon cc ${source}")
    list(APPEND objects ${object})
  endforeach()
  set_source_files_properties(${objects} PROPERTIES EXTERNAL_OBJECT TRUE GENERATED TRUE)
  add_library(${name} ${kind} ${objects})
  set_target_properties(${name} PROPERTIES LINKER_LANGUAGE CXX)
  target_include_directories(${name} INTERFACE ${headers})
  target_link_libraries(${name} PUBLIC ${ETALON_LIBRARIES}/libetalon_ascend_start.a etalon::host)
  if(NOT kind STREQUAL "OBJECT")  # projects that are installed look for it there
    install(TARGETS ${name} LIBRARY DESTINATION lib ARCHIVE DESTINATION lib)
  endif()
endfunction()

# Scope words are taken and have no meaning: definitions and folders are those of the kernels.
function(ascendc_compile_definitions name)
  foreach(word ${ARGN})
    if(NOT word MATCHES "^(PRIVATE|PUBLIC|INTERFACE)$")
      string(REGEX REPLACE "^-D" "" word "${word}")
      set_property(TARGET ${name} APPEND PROPERTY ETALON_DEFINITIONS "${word}")
    endif()
  endforeach()
endfunction()
function(ascendc_include_directories name)
  foreach(word ${ARGN})
    if(NOT word MATCHES "^(PRIVATE|PUBLIC|INTERFACE)$")
      get_filename_component(path ${word} ABSOLUTE)
      set_property(TARGET ${name} APPEND PROPERTY ETALON_INCLUDES ${path})
    endif()
  endforeach()
endfunction()
function(ascendc_compile_options name)
  foreach(word ${ARGN})
    if(NOT word MATCHES "^(PRIVATE|PUBLIC|INTERFACE)$")
      set_property(TARGET ${name} APPEND PROPERTY ETALON_OPTIONS "${word}")
    endif()
  endforeach()
endfunction()
function(ascendc_fatbin_library)
  message(FATAL_ERROR "ascendc_fatbin_library: kernels as separate files are not supported; use ascendc_library")
endfunction()
