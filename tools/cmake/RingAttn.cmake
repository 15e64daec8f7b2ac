# CMake functions of the project.

# Nine tenths of a compilation go into these headers of MLIR, so they are parsed
# once. No source relies on that: each includes what it uses, and
# -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON builds without.
set(ringattn_precompiled_headers
  <mlir/Dialect/Affine/IR/AffineOps.h>
  <mlir/Dialect/Arith/IR/Arith.h>
  <mlir/Dialect/Bufferization/IR/Bufferization.h>
  <mlir/Dialect/Func/IR/FuncOps.h>
  <mlir/Dialect/GPU/IR/GPUDialect.h>
  <mlir/Dialect/LLVMIR/LLVMDialect.h>
  <mlir/Dialect/LLVMIR/NVVMDialect.h>
  <mlir/Dialect/Linalg/IR/Linalg.h>
  <mlir/Dialect/Math/IR/Math.h>
  <mlir/Dialect/MemRef/IR/MemRef.h>
  <mlir/Dialect/SCF/IR/SCF.h>
  <mlir/Dialect/Shard/IR/ShardOps.h>
  <mlir/Dialect/Tensor/IR/Tensor.h>
  <mlir/Dialect/Vector/IR/VectorOps.h>
  <mlir/IR/ImplicitLocOpBuilder.h>
  <mlir/IR/PatternMatch.h>
  <mlir/Pass/PassManager.h>
  <llvm/ADT/TypeSwitch.h>)

# ringattn_precompile_headers(NAME): the first target that asks precompiles them,
# the others take them from it. Targets that share them share their options.
function(ringattn_precompile_headers name)
  target_compile_options(${name} PRIVATE -fno-exceptions)
  # Executables, too, with LLVM's own -fPIC and not with -fPIE.
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  get_property(first GLOBAL PROPERTY RINGATTN_PRECOMPILED)
  if(first)
    target_precompile_headers(${name} REUSE_FROM ${first})
  else()
    target_precompile_headers(${name} PRIVATE ${ringattn_precompiled_headers})
    set_property(GLOBAL PROPERTY RINGATTN_PRECOMPILED ${name})
  endif()
endfunction()

# ringattn_add_library(NAME sources... [LINK libs...])
#
# A static library of the compiler. It never names MLIR's archives: tools and
# plugins link the shared MLIR and LLVM exactly once.
function(ringattn_add_library name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  add_dependencies(${name} ringattn-headers)
  target_include_directories(${name} INTERFACE
    "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>"
    "$<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/include>"
    "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
  target_link_libraries(${name} PUBLIC ${ARG_LINK} MLIR LLVM)
  ringattn_precompile_headers(${name})
  set_property(GLOBAL APPEND PROPERTY RINGATTN_LIBRARIES ${name})
endfunction()

# ringattn_add_tool(NAME sources... [LINK libs...])
function(ringattn_add_tool name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  add_dependencies(${name} ringattn-headers)
  target_link_libraries(${name} PRIVATE ${ARG_LINK} MLIR LLVM)
  ringattn_precompile_headers(${name})
endfunction()

# ringattn_add_doc(TD OUTPUT flags...): a page generated from TableGen, built by
# the target ringattn-doc into <build>/docs/OUTPUT.md.
function(ringattn_add_doc td output)
  set(LLVM_TARGET_DEFINITIONS ${td}.td)
  get_filename_component(dir "${CMAKE_BINARY_DIR}/docs/${output}.md" DIRECTORY)
  file(MAKE_DIRECTORY "${dir}")
  string(REPLACE "/" "_" stem "${output}")
  tablegen(MLIR ${stem}.md ${ARGN} "-I${MLIR_MAIN_INCLUDE_DIR}"
           "-I${MLIR_INCLUDE_DIRS}" "-I${PROJECT_SOURCE_DIR}/include")
  set(page "${CMAKE_BINARY_DIR}/docs/${output}.md")
  add_custom_command(OUTPUT "${page}"
    # What a message says of a value that is wrong is nothing to document.
    COMMAND sed "s/got {{[^}]*}}, expected //g" "${CMAKE_CURRENT_BINARY_DIR}/${stem}.md" > "${page}"
    DEPENDS "${CMAKE_CURRENT_BINARY_DIR}/${stem}.md")
  add_custom_target(${stem}DocGen DEPENDS "${page}")
  add_dependencies(ringattn-doc ${stem}DocGen)
endfunction()
