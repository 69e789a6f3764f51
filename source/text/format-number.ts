/** Numbers, counts and sizes for display. */

/** Avoids Intl, whose first use costs 7 MiB and some milliseconds. */
export function formatNumber(value: number): string {
	return String(value).replaceAll(/\B(?<!\.\d*)(?=(?:\d{3})+(?!\d))/g, ',');
}

export function formatQuantity(count: number, one: string, many = `${one}s`): string {
	return `${formatNumber(count)} ${count === 1 ? one : many}`;
}

const units = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

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
