/** `2020-03-18 17:22:05 +0800`: the time of day at the offset, then the offset. */
export function formatTime(at: number, utcOffset: string): string {
  const sign = utcOffset.startsWith("-") ? -1 : 1;
  const minutes = Number(utcOffset.slice(1, 3)) * 60 + Number(utcOffset.slice(3, 5));
  const local = new Date(at + sign * minutes * 60_000).toISOString();
  return `${local.slice(0, 10)} ${local.slice(11, 19)} ${utcOffset}`;
}
