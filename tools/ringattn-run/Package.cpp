//===- Package.cpp - A module to run, compiled or not ---------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Package.h"

#include "CommandLine.h"
#include "ringattn/Support/CPUDescription.h"
#include "ringattn/Target/Compile.h"
#include "ringattn/Target/NativeCode.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;
using namespace ringattn;
using namespace ringattn::tools;

static mlir::DialectRegistry makeRegistry() {
  mlir::DialectRegistry registry;
  registerCompilerDialects(registry);
  return registry;
}

Package::Package() : context(makeRegistry()), diagnostics(&context) {}

Package::~Package() { rr_module_close(module); }

int Package::compile(const RunOptions &options) {
  mlir::OwningOpRef<mlir::ModuleOp> source =
      loadProgram(&context, options.module, diagnostics);
  if (!source)
    return ExitFailure;
  Expected<CPUDescription> cpu = describeCPU("", "");
  if (!cpu)
    return reportError(cpu.takeError());
  CompileOptions compile;
  compile.target = options.target;
  if (options.device == "sim") {
    compile.withSim = true;
    compile.deviceCode = "none";
  }
  if (failed(lowerProgram(*source, compile, diagnostics)))
    return ExitFailure;
  Expected<std::unique_ptr<MemoryBuffer>> object = emitObject(*source, *cpu);
  if (!object) {
    diagnostics.error(options.module + ": " + toString(object.takeError()));
    return ExitFailure;
  }
  Expected<std::unique_ptr<JITModule>> linked =
      JITModule::create(std::move(*object));
  if (!linked)
    return reportError(options.module + ": " + toString(linked.takeError()));
  jit = std::move(*linked);
  Expected<void *> query = jit->lookupQuery();
  if (!query)
    return reportError(options.module + ": " + toString(query.takeError()));
  if (rr_module_from_query(reinterpret_cast<rr_module_query_fn>(*query),
                           &module) != RR_OK)
    return reportError(options.module + ": " + rr_last_error(nullptr));
  return ExitSuccess;
}

int Package::load(const RunOptions &options) {
  file = options.module;
  diagnostics.setFile(file);
  if (!options.isPackage()) {
    if (int code = compile(options))
      return code;
  } else if (rr_module_open(options.module.c_str(), &module) != RR_OK) {
    return reportError(rr_last_error(nullptr));
  }
  if (Error error = readManifest())
    return reportError(file + ": " + toString(std::move(error)));
  StringRef target = manifest.getString("target").value_or("");
  if (!options.target.empty() && options.target != target)
    return reportError("'" + file + "' is compiled for target '" + target +
                       "', expected " + options.target);
  return ExitSuccess;
}

Error Package::readManifest() {
  Expected<json::Value> value = json::parse(rr_module_manifest(module));
  if (!value)
    return value.takeError();
  json::Object *object = value->getAsObject();
  if (!object)
    return createStringError("the manifest is not a JSON object");
  manifest = std::move(*object);
  if (const json::Object *described = manifest.getObject("grid"))
    if (const json::Array *shape = described->getArray("shape"))
      for (const json::Value &size : *shape)
        grid.push_back(size.getAsInteger().value_or(-1));
  return Error::success();
}

SmallVector<int64_t> TensorInfo::staticShape() const {
  return map_to_vector(shape, [](const Dim &dim) { return dim.size; });
}

Expected<TensorInfo> Package::readTensor(const json::Value &value) const {
  auto malformed = [] {
    return createStringError("the manifest describes a tensor without a "
                             "known dtype and a shape");
  };
  const json::Object *object = value.getAsObject();
  if (!object || !object->getArray("shape"))
    return malformed();
  std::optional<DType> dtype =
      parseDType(object->getString("dtype").value_or(""));
  if (!dtype)
    return malformed();
  TensorInfo info;
  info.dtype = *dtype;
  for (const json::Value &size : *object->getArray("shape")) {
    TensorInfo::Dim &dim = info.shape.emplace_back();
    if (std::optional<int64_t> number = size.getAsInteger()) {
      dim.size = *number;
    } else if (const json::Object *reference = size.getAsObject()) {
      dim.argument = reference->getInteger("argument").value_or(-1);
      dim.dim = reference->getInteger("dim").value_or(-1);
    } else {
      return malformed();
    }
  }
  // The runtime has checked that indices are in range.
  const json::Object *sharding = object->getObject("sharding");
  const json::Array *groups = manifest.getArray("groups");
  if (sharding && groups) {
    size_t group = sharding->getInteger("group").value_or(-1);
    if (group >= groups->size())
      return malformed();
    const json::Object *ring = (*groups)[group].getAsObject();
    if (const json::Array *axes = ring ? ring->getArray("axes") : nullptr)
      for (const json::Value &axis : *axes)
        info.axes.push_back(axis.getAsInteger().value_or(0));
  }
  return info;
}

Error Package::readTensors(const json::Object &entry, StringRef key,
                           std::vector<TensorInfo> &tensors) const {
  if (const json::Array *list = entry.getArray(key))
    for (const json::Value &value : *list) {
      Expected<TensorInfo> info = readTensor(value);
      if (!info)
        return info.takeError();
      tensors.push_back(*info);
    }
  return Error::success();
}

Expected<EntryInfo> Package::findEntry(StringRef name) const {
  SmallVector<StringRef> names;
  if (const json::Array *entries = manifest.getArray("entries"))
    for (const json::Value &value : *entries) {
      const json::Object *object = value.getAsObject();
      if (!object)
        continue;
      names.push_back(object->getString("name").value_or(""));
      if (names.back() != name)
        continue;
      EntryInfo entry;
      entry.name = name.str();
      if (Error error = readTensors(*object, "arguments", entry.arguments))
        return error;
      if (Error error = readTensors(*object, "results", entry.results))
        return error;
      return entry;
    }
  if (names.empty())
    return createStringError("'" + file +
                             "' has no entries, expected a public function");
  return createStringError("'" + file + "' has no entry '" + name +
                           "', expected " + join(names, " or "));
}

mlir::func::FuncOp Package::findProgram(StringRef name) {
  if (!program) {
    size_t size = 0;
    const uint8_t *bytes = rr_module_program(module, &size);
    if (size == 0)
      return nullptr;
    program = parseProgram(
        &context, StringRef(reinterpret_cast<const char *>(bytes), size), file,
        diagnostics);
    if (!program)
      return nullptr;
  }
  return program->lookupSymbol<mlir::func::FuncOp>(name);
}
