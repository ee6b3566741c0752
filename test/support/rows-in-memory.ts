/** Rows of a program: a small recipe for them, and rows that come one by one. */
export const rowRecipe = {
  model: { hidden: [6] },
  train: { epochs: 3, batch: 16 },
  optimizer: { name: 'adam', lr: 0.01 },
  data: { validation: 0 },
};

export async function* oneByOne<T>(all: readonly T[]): AsyncGenerator<T> {
  for (const each of all) {
    await null;
    yield each;
  }
}
