# CMake functions of the project.

# ringattn_add_library(NAME sources... [LINK libs...])
#
# A static library of the compiler. It never names MLIR's archives: tools and
# plugins link the shared MLIR and LLVM exactly once.
function(ringattn_add_library name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  add_dependencies(${name} ringattn-headers)
  target_compile_options(${name} PRIVATE -fno-exceptions)
  target_include_directories(${name} INTERFACE
    "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>"
    "$<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/include>"
    "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
  target_link_libraries(${name} PUBLIC ${ARG_LINK} MLIR LLVM)
  set_property(GLOBAL APPEND PROPERTY RINGATTN_LIBRARIES ${name})
endfunction()

# ringattn_add_tool(NAME sources... [LINK libs...])
function(ringattn_add_tool name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  add_dependencies(${name} ringattn-headers)
  target_link_libraries(${name} PRIVATE ${ARG_LINK} MLIR LLVM)
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
    COMMAND ${CMAKE_COMMAND} -E copy "${CMAKE_CURRENT_BINARY_DIR}/${stem}.md" "${page}"
    DEPENDS "${CMAKE_CURRENT_BINARY_DIR}/${stem}.md")
  add_custom_target(${stem}DocGen DEPENDS "${page}")
  add_dependencies(ringattn-doc ${stem}DocGen)
endfunction()
