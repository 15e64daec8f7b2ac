//===- RingPTXOps.td - Instructions that NVVM lacks --------*- tablegen -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_DIALECT_RINGPTX_IR_RINGPTXOPS_TD
#define RINGATTN_DIALECT_RINGPTX_IR_RINGPTXOPS_TD

include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def RingPTX_Dialect : Dialect {
  let name = "ringptx";
  let cppNamespace = "::ringattn::ringptx";
  let summary = "Instructions of sm_90a that NVVM lacks";
  let description = [{
    Stands beside the llvm and nvvm dialects in a `gpu.module`: code of one
    thread, in which a fragment of a matrix is a vector with the elements that
    the thread holds. Everything else about a kernel is said with upstream ops.

    `convert-ringptx-to-nvvm` turns the ops into nvvm ops and inline assembly;
    `convert-nvvm-to-sim` turns them into calls of the simulator.

    **Fragments.** Element i of the accumulator of m64nN lies in row
    `16 * warp + lane / 4 + 8 * ((i / 2) % 2)` and column
    `8 * (i / 4) + 2 * (lane % 4) + i % 2`, where warp counts the four warps of
    the warpgroup. Element i of a 16-bit A fragment of m64k16 lies in that row
    and column too (N = 16), so two adjacent groups of four accumulator elements,
    converted, are an A fragment. Element i of a tf32 A fragment of m64k8 lies in
    row `16 * warp + lane / 4 + 8 * (i % 2)` and column `lane % 4 + 4 * (i / 2)`.
  }];
}

class RingPTX_Op<string mnemonic, list<Trait> traits = []>
    : Op<RingPTX_Dialect, mnemonic, traits>;

def RingPTX_ElementType
    : I32EnumAttr<"ElementType", "what the factors of a product consist of", [
        I32EnumAttrCase<"BF16", 0, "bf16">, I32EnumAttrCase<"F16", 1, "f16">,
        I32EnumAttrCase<"TF32", 2, "tf32">]> {
  let cppNamespace = "::ringattn::ringptx";
}

def RingPTX_AFragment : AnyTypeOf<[
    VectorOfLengthAndType<[8], [BF16, F16]>, VectorOfLengthAndType<[4], [F32]>],
    "A fragment in registers">;
def RingPTX_Accumulator : VectorOfRankAndType<[1], [F32]>;

def RingPTX_WgmmaOp : RingPTX_Op<"wgmma", [
    AllTypesMatch<["accumulator", "result"]>]> {
  let summary = "Asynchronous matrix product of a warpgroup";
  let description = [{
    `wgmma.mma_async.sync.aligned.m64nNkK`: starts D = A * B, or D = A * B + D
    with `accumulate`, with f32 accumulators. K is 16, and 8 for tf32; N is twice
    the length of the accumulator. `a` is the descriptor of a matrix in shared
    memory or a fragment in registers, `b` a descriptor. Both matrices are K-major
    in shared memory unless `transpose_a` or `transpose_b` says that they are
    MN-major.

    The result is not there yet: it stands for the registers that the product
    will write. It may only become the accumulator of another product or be
    awaited (`ringptx-verify`); without `accumulate` the accumulator's value does
    not matter.

    Example:
    ```mlir
    %s = ringptx.wgmma bf16 %q, %k into %zero : i64, vector<88xf32>
    %d = ringptx.wgmma bf16 %p, %v into %o {accumulate, transpose_b}
        : vector<8xbf16>, vector<64xf32>
    ```

    **Constraints:** N is a multiple of 8 from 8 to 256. A fragment has elements
    of `type` (f32 for tf32). Only 16-bit operands in shared memory are transposed.
  }];
  let arguments = (ins RingPTX_ElementType:$type,
                       AnyTypeOf<[I64, RingPTX_AFragment]>:$a,
                       I64:$b, RingPTX_Accumulator:$accumulator,
                       UnitAttr:$accumulate, UnitAttr:$transpose_a,
                       UnitAttr:$transpose_b);
  let results = (outs RingPTX_Accumulator:$result);
  let assemblyFormat = [{
    $type $a `,` $b `into` $accumulator attr-dict
    `:` type($a) `,` type($accumulator)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Columns of the product.
    int64_t getN() { return 2 * getAccumulator().getType().getNumElements(); }
    /// Depth of the product.
    int64_t getK() { return getType() == ElementType::TF32 ? 8 : 16; }
    bool hasFragment() { return ::mlir::isa<::mlir::VectorType>(getA().getType()); }
  }];
}

def RingPTX_Awaited : AnyTypeOf<[
    RingPTX_Accumulator, VectorOfRankAndType<[1], [BF16, F16]>]>;

def RingPTX_WgmmaWaitOp : RingPTX_Op<"wgmma_wait", [
    DeclareOpInterfaceMethods<InferTypeOpInterface>]> {
  let summary = "Waits for products and yields what they wrote";
  let description = [{
    `wgmma.wait_group.sync.aligned`: waits until at most `pending` of the
    committed groups are unfinished. The results are the operands once the wait is
    over, in the same registers, which is what keeps a compiler from reading them,
    or using them for something else, before. So the wait takes the accumulators
    of the groups that it finishes, and the A fragments that those groups read, or
    vectors that these are parts of (`ringptx-verify`).

    Example:
    ```mlir
    %r:2 = ringptx.wgmma_wait %s, %p {pending = 1}
        : vector<88xf32>, vector<88xbf16>
    ```

    **Constraints:** `pending` is at most 7. 16-bit vectors have an even length.
  }];
  let arguments = (ins Variadic<RingPTX_Awaited>:$values, I32Attr:$pending);
  let results = (outs Variadic<RingPTX_Awaited>:$results);
  let assemblyFormat = [{
    ($values^)? ` ` `{` `pending` `=` $pending `}` attr-dict
    (`:` type($values)^)?
  }];
  let hasVerifier = 1;
  let skipDefaultBuilders = 1;
  let builders = [
    OpBuilder<(ins "::mlir::ValueRange":$values, "uint32_t":$pending)>];
}

def RingPTX_SchedulingBarrierOp : RingPTX_Op<"scheduling_barrier"> {
  let summary = "Ends the assembler's basic block";
  let description = [{
    `wgmma.wait_group` has no operands in PTX, so ptxas moves it up to the
    product that it awaits, above all work that was to run meanwhile (seen with
    ptxas 12.9 and 13.0: every exponential of the softmax came after the wait for
    P V). It does not move it across the end of a basic block, which is what this
    op makes: a branch that is never taken, on a value that is the same in all
    threads, which is what keeps the code after it uniform. The value is
    `%nctaid.x`, and the branch is for a grid of 2^31 - 1 blocks, the most that
    PTX allows.

    Example: `ringptx.scheduling_barrier`
  }];
  let assemblyFormat = "attr-dict";
}

class RingPTX_ApproximationOp<string mnemonic>
    : RingPTX_Op<mnemonic, [Pure, SameOperandsAndResultType]> {
  let arguments = (ins AnyTypeOf<[F32, RingPTX_Accumulator]>:$input);
  let results = (outs AnyTypeOf<[F32, RingPTX_Accumulator]>:$result);
  let assemblyFormat = "$input attr-dict `:` type($input)";
}

def RingPTX_Ex2Op : RingPTX_ApproximationOp<"ex2"> {
  let summary = "Power of two, element by element";
  let description = [{
    `ex2.approx.ftz.f32`: two units in the last place; subnormal numbers are zero;
    2^-inf is 0.

    Example: `%p = ringptx.ex2 %s : vector<88xf32>`
  }];
}

def RingPTX_Lg2Op : RingPTX_ApproximationOp<"lg2"> {
  let summary = "Logarithm to the base two, element by element";
  let description = [{
    `lg2.approx.ftz.f32`: subnormal numbers are zero, and the logarithm of zero is
    -inf.

    Example: `%l = ringptx.lg2 %sum : f32`
  }];
}

def RingPTX_RcpOp : RingPTX_ApproximationOp<"rcp"> {
  let summary = "Reciprocal, element by element";
  let description = [{
    `rcp.approx.ftz.f32`: one unit in the last place; subnormal numbers are zero,
    and the reciprocal of a zero is an infinity of its sign.

    Example: `%r = ringptx.rcp %sum : f32`
  }];
}

def RingPTX_ToTF32Op : RingPTX_ApproximationOp<"to_tf32"> {
  let summary = "Rounds to tf32, element by element";
  let description = [{
    `cvt.rna.tf32.f32`: keeps 10 bits of mantissa, rounding to nearest and ties
    away from zero. The result is an f32 with that value.

    Example: `%t = ringptx.to_tf32 %p : vector<4xf32>`
  }];
}

#endif // RINGATTN_DIALECT_RINGPTX_IR_RINGPTXOPS_TD
