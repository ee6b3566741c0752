// Types whose `offsetof` is their number of bytes. AssemblyScript has no constant parameters but types, and V8 joins two
// accesses of 128 bits, and saves an addition for each, only if their offset is within the instruction.

// @ts-ignore: AssemblyScript decorator
@unmanaged
export class At0 {}
// @ts-ignore: AssemblyScript decorator
@unmanaged
export class At16 extends At0 {
  v0: v128;
}
// @ts-ignore: AssemblyScript decorator
@unmanaged
export class At32 extends At16 {
  v1: v128;
}
// @ts-ignore: AssemblyScript decorator
@unmanaged
export class At48 extends At32 {
  v2: v128;
}
// @ts-ignore: AssemblyScript decorator
@unmanaged
export class At64 extends At48 {
  v3: v128;
}
// @ts-ignore: AssemblyScript decorator
@unmanaged
export class At80 extends At64 {
  v4: v128;
}
// @ts-ignore: AssemblyScript decorator
@unmanaged
export class At96 extends At80 {
  v5: v128;
}
// @ts-ignore: AssemblyScript decorator
@unmanaged
export class At112 extends At96 {
  v6: v128;
}
// @ts-ignore: AssemblyScript decorator
@unmanaged
export class At128 extends At112 {
  v7: v128;
}
// @ts-ignore: AssemblyScript decorator
@unmanaged
export class At144 extends At128 {
  v8: v128;
}
// @ts-ignore: AssemblyScript decorator
@unmanaged
export class At160 extends At144 {
  v9: v128;
}
// @ts-ignore: AssemblyScript decorator
@unmanaged
export class At176 extends At160 {
  v10: v128;
}
// @ts-ignore: AssemblyScript decorator
@unmanaged
export class At192 extends At176 {
  v11: v128;
}
// @ts-ignore: AssemblyScript decorator
@unmanaged
export class At208 extends At192 {
  v12: v128;
}
// @ts-ignore: AssemblyScript decorator
@unmanaged
export class At224 extends At208 {
  v13: v128;
}
// @ts-ignore: AssemblyScript decorator
@unmanaged
export class At240 extends At224 {
  v14: v128;
}
// @ts-ignore: AssemblyScript decorator
@unmanaged
export class At256 extends At240 {
  v15: v128;
}
// @ts-ignore: AssemblyScript decorator
@unmanaged
export class At272 extends At256 {
  v16: v128;
}
// @ts-ignore: AssemblyScript decorator
@unmanaged
export class At288 extends At272 {
  v17: v128;
}
