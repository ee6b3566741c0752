/**
 * What the schema says about the keys: tables for the README and `--help`, and the names and choices for "did you
 * mean". No key is known by name here.
 */

import * as z from 'zod';
import { configSchema } from './schema.js';

export interface KeyDescription {
  /** Dotted, such as `optimizer.lr`. */
  readonly key: string;
  /** `optimizer.name=sgd` if the key exists only with that choice; null if it always exists. */
  readonly when: string | null;
  readonly expected: string;
  readonly default: unknown;
  readonly description: string;
  /** The words that are accepted, if any. */
  readonly choices: readonly string[];
}

/** A mapping whose `name` decides which other keys it has, such as `optimizer`. */
export interface ChoiceSection {
  readonly section: string;
  readonly discriminator: string;
  readonly defaultName: string;
}

interface Place {
  readonly path: string;
  readonly when: string | null;
}

/** Every key that takes a value, in the order of the schema. */
export function describeKeys(): KeyDescription[] {
  return [...walk(configSchema, { path: '', when: null })].flatMap((found) =>
    'describe' in found ? [found.describe()] : [],
  );
}

/** Every mapping: '' for the whole, `data`, `model`, `model.init`, … */
export function sectionPaths(): string[] {
  return [...walk(configSchema, { path: '', when: null })].flatMap((found) =>
    'describe' in found ? [] : [found.section],
  );
}

export function choiceSections(): ChoiceSection[] {
  return Object.entries(configSchema.shape).flatMap(([section, schema]) => {
    const union = unwrapped(schema);
    if (!(union instanceof z.ZodDiscriminatedUnion)) return [];
    const { discriminator } = union.def;
    return [
      { section, discriminator, defaultName: String(property(schema.parse(undefined), discriminator)) },
    ];
  });
}

/** The description of a key asks its schema for a refusal, which takes time. */
type Found = { readonly describe: () => KeyDescription } | { readonly section: string };

function* walk(schema: z.core.$ZodType, place: Place): Generator<Found> {
  const inner = unwrapped(schema);
  if (inner instanceof z.ZodObject) {
    yield { section: place.path };
    yield* walkShape(inner, place);
  } else if (inner instanceof z.ZodDiscriminatedUnion) {
    yield { section: place.path };
    yield* walkChoice(schema, inner, place);
  } else {
    yield { describe: () => describeLeaf(schema, place) };
  }
}

function* walkShape(object: z.ZodObject, place: Place, except?: string): Generator<Found> {
  for (const [key, value] of Object.entries(object.shape)) {
    if (key !== except) yield* walk(value, { path: join(place.path, key), when: place.when });
  }
}

function* walkChoice(
  schema: z.core.$ZodType,
  union: z.ZodDiscriminatedUnion,
  place: Place,
): Generator<Found> {
  const { discriminator } = union.def;
  const key = join(place.path, discriminator);
  const options = union.options.filter((option) => option instanceof z.ZodObject);
  const nameOf = (option: z.ZodObject) => choicesOf(option.shape[discriminator])[0] ?? '';
  yield {
    describe: () => ({
      key,
      when: place.when,
      expected: refusal(union, { [discriminator]: nothing }),
      default: property(z.parse(schema, undefined), discriminator),
      description: union.description ?? '',
      choices: options.map(nameOf),
    }),
  };
  for (const option of options) {
    yield* walkShape(option, { path: place.path, when: `${key}=${nameOf(option)}` }, discriminator);
  }
}

function describeLeaf(schema: z.core.$ZodType, place: Place): KeyDescription {
  return {
    key: place.path,
    when: place.when,
    expected: refusal(schema, nothing),
    default: z.parse(schema, undefined),
    description: (schema instanceof z.ZodType ? schema.description : undefined) ?? '',
    choices: choicesOf(schema),
  };
}

/** A value that no leaf accepts. */
const nothing = Symbol('no value');

/** The words with which a schema refuses a value. Only the schema contains the text after "expected". */
function refusal(schema: z.core.$ZodType, value: unknown): string {
  return z.safeParse(schema, value).error?.issues[0]?.message ?? '';
}

function choicesOf(schema: z.core.$ZodType | undefined): string[] {
  if (schema === undefined) return [];
  const inner = unwrapped(schema);
  if (inner instanceof z.ZodEnum) return inner.options.map(String);
  if (inner instanceof z.ZodLiteral) return [...inner.values].filter((value) => typeof value === 'string');
  if (inner instanceof z.ZodUnion) return inner.options.flatMap(choicesOf);
  return [];
}

function unwrapped(schema: z.core.$ZodType): z.core.$ZodType {
  const isWrapper =
    schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodNullable;
  return isWrapper ? unwrapped(schema.unwrap()) : schema;
}

function property(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}
