/** Durations in Go's syntax, and in seconds. */

const unitMs: Readonly<Record<string, number>> = {ns: 1e-6, us: 1e-3, µs: 1e-3, μs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000};

/**
Milliseconds of `1h2m3.5s`, `-5s` or `0`; `undefined` if invalid. Only 0 needs no unit.
@see https://pkg.go.dev/time#ParseDuration
*/
export function parseDuration(text: string): number | undefined {
	const match = /^([+-]?)((?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/.exec(text);
	if (!match) {
		return /^[+-]?0$/.test(text) ? 0 : undefined;
	}

	let total = 0;
	for (const [, number, unit] of text.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g)) {
		total += Number(number) * unitMs[unit!]!;
	}

	return match[1] === '-' ? -total : total;
}

/** Milliseconds of whole seconds or of a duration, which can be negative; `undefined` if invalid. */
export function parseSecondsOrDuration(text: string): number | undefined {
	const ms = /^\d+$/.test(text) ? Number(text) * 1000 : parseDuration(text);
	return Number.isFinite(ms) ? ms : undefined;
}
