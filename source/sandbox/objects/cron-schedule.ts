/** Cron schedules in UTC. */

/** Minute, hour, day of the month, month, day of the week. */
const ranges = [
	[0, 59],
	[0, 23],
	[1, 31],
	[1, 12],
	[0, 6],
] as const;

const macros: Readonly<Record<string, string>> = {
	'@hourly': '0 * * * *',
	'@daily': '0 0 * * *',
	'@midnight': '0 0 * * *',
	'@weekly': '0 0 * * 0',
	'@monthly': '0 0 1 * *',
	'@yearly': '0 0 1 1 *',
};

export type CronSchedule = (minute: Date) => boolean;

/** Numbers, `*`, ranges, lists and steps; `undefined` for other text. */
export function parseSchedule(text: string): CronSchedule | undefined {
	const fields = (macros[text] ?? text)
		.trim()
		.split(/\s+/)
		.map((field, index) => valuesOf(field, ranges[index] ?? [1, 0]));
	if (fields.length !== ranges.length || fields.includes(undefined)) {
		return undefined;
	}

	const [minutes, hours, days, months, weekdays] = fields as Array<ReadonlySet<number>>;
	return at =>
		minutes!.has(at.getUTCMinutes()) &&
		hours!.has(at.getUTCHours()) &&
		days!.has(at.getUTCDate()) &&
		months!.has(at.getUTCMonth() + 1) &&
		weekdays!.has(at.getUTCDay());
}

function valuesOf(field: string, [min, max]: readonly [number, number]): ReadonlySet<number> | undefined {
	const values = new Set<number>();
	for (const part of field.split(',')) {
		const found = /^(?:\*|(\d+)(?:-(\d+))?)(?:\/(\d+))?$/.exec(part);
		const [from, to, step] = found ? [Number(found[1] ?? min), Number(found[2] ?? found[1] ?? max), Number(found[3] ?? 1)] : [0, 0, 0];
		if (step < 1 || from < min || to > max || from > to) {
			return undefined;
		}

		for (let value = from; value <= to; value += step) {
			values.add(value);
		}
	}

	return values;
}
