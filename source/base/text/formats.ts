/** Times and durations for display, and RFC 3339 for machines. */

const units = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** `14:03:07` in local time. */
export function clockTime(at: number | string): string {
	return new Date(at).toTimeString().slice(0, 8);
}

/** `45s`, `12m`, `5h`, `41d`. */
export function formatAge(ms: number): string {
	const seconds = Math.max(0, Math.floor(ms / 1000));
	if (seconds < 120) {
		return `${seconds}s`;
	}

	const minutes = Math.floor(seconds / 60);
	if (minutes < 180) {
		return `${minutes}m`;
	}

	const hours = Math.floor(minutes / 60);
	return hours < 48 ? `${hours}h` : hours < 24 * 365 * 2 ? `${Math.floor(hours / 24)}d` : `${Math.floor(hours / 24 / 365)}y`;
}

/** `0.4 s`, `52 s`, `1 min 52 s`, `2 h 3 min`. */
export function formatDuration(ms: number): string {
	const seconds = Math.max(0, ms / 1000);
	if (seconds < 10) {
		return `${seconds.toFixed(1)} s`;
	}

	const whole = Math.floor(seconds);
	if (whole < 60) {
		return `${whole} s`;
	}

	const minutes = Math.floor(whole / 60);
	return minutes < 60 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** `340 ms`, and from one second on as `formatDuration`. */
export function formatShortDuration(ms: number): string {
	return ms < 1000 ? `${Math.round(ms)} ms` : formatDuration(ms);
}

/** Formats the time in UTC. */
export function formatRfc3339Seconds(time: Date): string {
	return time.toISOString().replace(/\.\d+Z$/, 'Z');
}

/** Avoids Intl, whose first use costs 7 MiB and some milliseconds. */
export function formatNumber(value: number): string {
	return String(value).replaceAll(/\B(?<!\.\d*)(?=(?:\d{3})+(?!\d))/g, ',');
}

export function formatQuantity(count: number, one: string, many = `${one}s`): string {
	return `${formatNumber(count)} ${count === 1 ? one : many}`;
}

/** Decimal: `1.5 kB`. */
export function formatBytes(bytes: number): string {
	let at = 0;
	let value = bytes;
	while (Math.round(value) >= 1000 && at < units.length - 1) {
		value /= 1000;
		at++;
	}

	return `${at === 0 || value >= 9.95 ? Math.round(value) : value.toFixed(1)} ${units[at]!}`;
}
