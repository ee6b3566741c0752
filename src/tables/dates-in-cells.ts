/**
 * Dates and times as text, to days since 2000-01-01. A column has one order of day, month and year; that of `3/4/2024` is
 * never guessed from one cell.
 */

/** `2024-04-03`, `3.4.2024`, `4/3/2024`, `20240403`, `3 Apr 2024` or `Apr 3, 2024`; each may have a time of day. */
export const dateFormats = ['year-first', 'day-first', 'month-first', 'compact', 'named-month'] as const;
export type DateFormat = (typeof dateFormats)[number];

const time =
  '(?:[T ,]+(?<hour>\\d{1,2}):(?<minute>\\d{2})(?::(?<second>\\d{2}(?:\\.\\d+)?))? ?(?<half>[AP]M)?(?<zone> ?(?:Z|UTC|[+-]\\d{2}:?\\d{2}))?)?';
const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const named = `(?<name>${months.join('|')})[a-z]*\\.?`;

const patterns: Readonly<Record<DateFormat, RegExp>> = {
  'year-first': dated('(?<year>\\d{4})(?<by>[-/.])(?<month>\\d{1,2})\\k<by>(?<day>\\d{1,2})'),
  'day-first': dated('(?<day>\\d{1,2})(?<by>[-/.])(?<month>\\d{1,2})\\k<by>(?<year>\\d{4})'),
  'month-first': dated('(?<month>\\d{1,2})(?<by>[-/])(?<day>\\d{1,2})\\k<by>(?<year>\\d{4})'),
  compact: dated('(?<year>(?:19|20)\\d{2})(?<month>\\d{2})(?<day>\\d{2})'),
  'named-month': dated(`(?:(?<day>\\d{1,2})[ -]${named}[ -](?<year>\\d{4}))`),
};
const monthBeforeDay = dated(`${named} (?<day>\\d{1,2}),? (?<year>\\d{4})`);

/** Texts of the expressions that `daysIn` tries in turn, without regard to case; the groups are those of its parts. */
export const datePatterns = (format: string): string[] =>
  dateFormats.flatMap((each) =>
    each === format
      ? [patterns[each].source, ...(each === 'named-month' ? [monthBeforeDay.source] : [])]
      : [],
  );

function dated(date: string): RegExp {
  return new RegExp(`^(?:[a-z]{3,9},? )?${date}${time}$`, 'i');
}

const dayMs = 86_400_000;
const epochDays = Date.UTC(2000, 0, 1) / dayMs;

/** Days since 2000-01-01 of a moment. */
export const daysOfMoment = (ms: number): number => ms / dayMs - epochDays;

/** Days since 2000-01-01, with the time of day as a fraction; NaN if the cell is no date of this format. */
export function daysIn(cell: string, format: DateFormat): number {
  const found = patterns[format].exec(cell) ?? (format === 'named-month' ? monthBeforeDay.exec(cell) : null);
  const parts = found?.groups;
  if (parts === undefined) return Number.NaN;
  const month = parts.name === undefined ? Number(parts.month) : 1 + months.indexOf(parts.name.toLowerCase());
  const [year, day] = [Number(parts.year), Number(parts.day)];
  const ms = Date.UTC(year, month - 1, day);
  const date = new Date(ms);
  if (month < 1 || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return Number.NaN;
  return ms / dayMs - epochDays + fractionOf(parts);
}

/** Of the day; beyond 0 to 1 for a time zone. */
function fractionOf({
  hour,
  minute,
  second,
  half,
  zone,
}: Readonly<Record<string, string | undefined>>): number {
  if (hour === undefined) return 0;
  const given = Number(hour);
  const [minutes, seconds] = [Number(minute), Number(second ?? 0)];
  if (given > (half === undefined ? 23 : 12) || minutes > 59 || seconds >= 61) return Number.NaN;
  const hours = half === undefined ? given : (given % 12) + (half.toUpperCase() === 'PM' ? 12 : 0);
  const [, sign, zoneHours, zoneMinutes] = /([+-])(\d{2}):?(\d{2})/.exec(zone ?? '') ?? [];
  const offset = (sign === '-' ? -1 : 1) * (Number(zoneHours ?? 0) * 60 + Number(zoneMinutes ?? 0));
  return (hours * 3600 + (minutes - offset) * 60 + seconds) / 86_400;
}

/** The formats that read all cells as dates; none if there are no cells. */
export function dateFormatsOf(cells: Iterable<string>): DateFormat[] {
  let formats: readonly DateFormat[] = dateFormats;
  let isEmpty = true;
  for (const cell of cells) {
    isEmpty = false;
    formats = formats.filter((format) => !Number.isNaN(daysIn(cell, format)));
    if (formats.length === 0) return [];
  }
  return isEmpty ? [] : [...formats];
}

/** `3/4/24`: which of the numbers is the year is not known. */
export const hasShortYear = (cell: string): boolean => /^\d{1,2}([-/.])\d{1,2}\1\d{2}(?: .*)?$/.test(cell);

/** `2024-04-03 15:30` of days since 2000-01-01, for messages. */
export function dateText(days: number): string {
  const text = new Date(Math.round((days + epochDays) * 1440) * 60_000).toISOString();
  return text.endsWith('T00:00:00.000Z') ? text.slice(0, 10) : text.slice(0, 16).replace('T', ' ');
}

/** A whole column, or what comes round again: the month and its share, of 12; the weekday, of 7; the hour, of 24. */
export type DatePart = 'value' | 'year' | 'week' | 'day';

/** The first day of 2000 was a Saturday; weeks begin with Sunday. */
const firstWeekday = 6;

/** A number, or a part of days since 2000-01-01. */
export function partOf(value: number, part: DatePart): number {
  if (part === 'value') return value;
  const day = Math.floor(value);
  if (part === 'week') return (((day + firstWeekday) % 7) + 7) % 7;
  if (part === 'day') return (value - day) * 24;
  if (Number.isNaN(value)) return value;
  const date = new Date(Date.UTC(2000, 0, 1 + day));
  return date.getUTCMonth() + (date.getUTCDate() - 1) / 31;
}
