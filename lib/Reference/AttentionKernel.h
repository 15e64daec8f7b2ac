//===- AttentionKernel.h - The arithmetic of attention rows -----*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_LIB_REFERENCE_ATTENTIONKERNEL_H
#define RINGATTN_LIB_REFERENCE_ATTENTIONKERNEL_H

#include <cstdint>

namespace ringattn::reference {

/// Keys per panel; K is stored as panels of `D x panelKeys`, zero-padded.
constexpr int64_t panelKeys = 8;

/// Consecutive query rows of one head against the keys they see.
struct RowBlock {
  int64_t numRows;
  int64_t headSize;
  int64_t valueSize;
  double scale;
  const double *query;  ///< numRows x headSize
  const double *panels; ///< the head's keys
  const double *value;  ///< Sk x valueSize
  const int64_t *begin; ///< first visible key of each row
  const int64_t *end;   ///< one past the last
  int64_t stride;       ///< of `weights`, at least Sk rounded up to panels

  double *weights;   ///< out: exp(s - max) / sum, where visible
  double *output;    ///< out: numRows x valueSize
  double *lse;       ///< out: numRows
  double *magnitude; ///< out: numRows, max over j of sum_d |q_d k_jd|
};

/// Two passes: all scores and their maximum, then the sums. Chooses the
/// instruction set at run time.
void computeRows(const RowBlock &block);

} // namespace ringattn::reference

#endif // RINGATTN_LIB_REFERENCE_ATTENTIONKERNEL_H
