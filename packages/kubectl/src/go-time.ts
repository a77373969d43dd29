const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const two = (value: number): string => String(value).padStart(2, "0");

/** An RFC 3339 time as `Mon, 02 Jan 2006 15:04:05 +0000`, in UTC: the form of `describe`. */
export function formatGoTime(time: string): string {
  const epochMs = Date.parse(time);
  if (Number.isNaN(epochMs)) return time;
  const date = new Date(epochMs);
  const clock = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
  return `${DAYS[date.getUTCDay()]}, ${two(date.getUTCDate())} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()} ${clock} +0000`;
}
