//===- KernelTranslator.h - One kernel for the simulator --------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_LIB_CONVERSION_NVVMTOSIM_KERNELTRANSLATOR_H
#define RINGATTN_LIB_CONVERSION_NVVMTOSIM_KERNELTRANSLATOR_H

#include "Instructions.h"
#include "RegisterClasses.h"
#include "ringattn/Conversion/NVVMToSim/SimInterface.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringMap.h"

#include <string>

namespace ringattn::sim {

/// Address spaces of NVPTX.
enum AddressSpace : unsigned {
  Generic = 0,
  Shared = 3,
  SharedCluster = 7,
};

inline bool isSharedPointer(mlir::Type type) {
  auto pointer = llvm::dyn_cast<mlir::LLVM::LLVMPointerType>(type);
  return pointer && (pointer.getAddressSpace() == Shared ||
                     pointer.getAddressSpace() == SharedCluster);
}

/// Bytes of a value in memory, or 0 where that is not a matter of whole bytes.
int64_t getBytes(mlir::Type type);

/// Translates the body of `function`, of the type `rs_kernel_fn`, which still
/// has the kernel's instructions and pointer types.
class KernelTranslator {
public:
  KernelTranslator(mlir::LLVM::LLVMFuncOp function, mlir::ModuleOp module,
                   const Instructions &instructions)
      : b(function.getContext()), loc(function.getLoc()), function(function),
        module(module), instructions(instructions),
        registers(function.getBody()) {}

  llvm::LogicalResult translate();

  /// "file:line:column instruction #n", by `where`.
  llvm::ArrayRef<std::string> getLocations() const { return locations; }

  //===--------------------------------------------------------------------===//
  // What translations are made of
  //===--------------------------------------------------------------------===//

  /// At the op that is being translated.
  mlir::OpBuilder b;
  mlir::Location loc;

  mlir::ModuleOp getModule() { return module; }
  const RegisterClasses &getRegisters() const { return registers; }

  mlir::Type pointer() {
    return mlir::LLVM::LLVMPointerType::get(b.getContext());
  }
  mlir::Value integer(int64_t value, unsigned width = 32) {
    return mlir::LLVM::ConstantOp::create(b, loc, b.getIntegerType(width),
                                          value);
  }

  /// Calls an instruction; null for those without a result.
  mlir::Value call(Op op, mlir::ValueRange arguments);
  /// The same, with the index of the op's location in front.
  mlir::Value callAt(mlir::Operation *where, Op op,
                     llvm::ArrayRef<mlir::Value> arguments);
  /// Puts the call in the place of an op whose results nobody uses.
  llvm::LogicalResult replaceByCall(mlir::Operation *op, Op instruction,
                                    llvm::ArrayRef<mlir::Value> arguments);
  void replace(mlir::Operation *op, mlir::ValueRange values);

  /// The shared address behind a shared pointer.
  mlir::Value getAddress(mlir::Value pointer);
  mlir::Value getSharedBase();

  /// Memory of the entry block for what a call reads or writes. Buffers are
  /// shared by all calls; a call that needs two at once takes two numbers.
  mlir::Value getBuffer(unsigned number, int64_t bytes);
  /// Elements of a buffer that start where a 4-byte element does.
  void storeTo(mlir::Value buffer, int64_t byte, mlir::Value value);
  mlir::Value loadFrom(mlir::Value buffer, int64_t byte, mlir::Type type);
  /// A buffer with these values of 4 bytes.
  mlir::Value storeAll(mlir::ValueRange values);

  /// The op `why`, unlike what the simulator knows.
  llvm::LogicalResult reject(mlir::Operation *op, const llvm::Twine &why);
  llvm::LogicalResult unknown(mlir::Operation *op);

private:
  llvm::LogicalResult translate(mlir::Operation *op);
  /// Registers, memory and control flow (Memory.cpp).
  llvm::LogicalResult translatePlain(mlir::Operation *op);
  llvm::LogicalResult translateLoad(mlir::LLVM::LoadOp op);
  llvm::LogicalResult translateStore(mlir::LLVM::StoreOp op);
  /// Tells of an access to global memory, which stays as it is.
  llvm::LogicalResult checkGlobal(mlir::Operation *op, mlir::Value address,
                                  mlir::Type type,
                                  std::optional<uint64_t> alignment,
                                  Access kind);
  llvm::LogicalResult translateCast(mlir::LLVM::PtrToIntOp op);
  llvm::LogicalResult translateCast(mlir::LLVM::IntToPtrOp op);
  /// Approximations and conversions of numbers; does nothing for other ops
  /// (Math.cpp).
  bool translateMath(mlir::Operation *op);

  mlir::Value getWhere(mlir::Operation *op);
  mlir::Value offset(mlir::Value address, int64_t bytes);

  mlir::LLVM::LLVMFuncOp function;
  mlir::ModuleOp module;
  const Instructions &instructions;
  RegisterClasses registers;
  llvm::SmallVector<std::string> locations;
  /// By op, where it has one.
  llvm::DenseMap<mlir::Operation *, unsigned> wheres;
  /// How many of each instruction there are so far.
  llvm::StringMap<unsigned> counts;
  mlir::Value sharedBase;
  /// Address and the constant with its size.
  llvm::SmallVector<std::pair<mlir::Value, mlir::LLVM::ConstantOp>> buffers;
};

} // namespace ringattn::sim

#endif // RINGATTN_LIB_CONVERSION_NVVMTOSIM_KERNELTRANSLATOR_H
