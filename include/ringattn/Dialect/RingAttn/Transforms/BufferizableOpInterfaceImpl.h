//===- BufferizableOpInterfaceImpl.h - Bufferizing ring_attention -*- C++ -*-=//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_DIALECT_RINGATTN_TRANSFORMS_BUFFERIZABLEOPINTERFACEIMPL_H
#define RINGATTN_DIALECT_RINGATTN_TRANSFORMS_BUFFERIZABLEOPINTERFACEIMPL_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace ringattn {

/// Lets one-shot bufferization handle the destination-style ops of ringattn.
void registerBufferizableOpInterfaceExternalModels(
    mlir::DialectRegistry &registry);

} // namespace ringattn

#endif // RINGATTN_DIALECT_RINGATTN_TRANSFORMS_BUFFERIZABLEOPINTERFACEIMPL_H
