// Types whose `offsetof` is their number of bytes. AssemblyScript has no constant parameters but types, and V8 joins two
// accesses of 128 bits, and saves an addition for each, only if their offset is within the instruction.

// @ts-ignore: AssemblyScript decorator
@unmanaged
export class At0 {}
// @ts-ignore: AssemblyScript decorator
@unmanaged
export class At32 extends At0 {
  l0: v128;
  h0: v128;
}
// @ts-ignore: AssemblyScript decorator
@unmanaged
export class At64 extends At32 {
  l1: v128;
  h1: v128;
}
// @ts-ignore: AssemblyScript decorator
@unmanaged
export class At96 extends At64 {
  l2: v128;
  h2: v128;
}
// @ts-ignore: AssemblyScript decorator
@unmanaged
export class At128 extends At96 {
  l3: v128;
  h3: v128;
}
// @ts-ignore: AssemblyScript decorator
@unmanaged
export class At160 extends At128 {
  l4: v128;
  h4: v128;
}
// @ts-ignore: AssemblyScript decorator
@unmanaged
export class At192 extends At160 {
  l5: v128;
  h5: v128;
}
// @ts-ignore: AssemblyScript decorator
@unmanaged
export class At224 extends At192 {
  l6: v128;
  h6: v128;
}
// @ts-ignore: AssemblyScript decorator
@unmanaged
export class At256 extends At224 {
  l7: v128;
  h7: v128;
}
// @ts-ignore: AssemblyScript decorator
@unmanaged
export class At288 extends At256 {
  l8: v128;
  h8: v128;
}
