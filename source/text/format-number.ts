/** How is a large number written so that a person sees its size? */

/** Thousands parted by commas: `1,234,567`. Not by Intl, whose first use takes 7 MiB and some milliseconds of a start. */
export function formatNumber(value: number): string {
	return String(value).replaceAll(/\B(?<!\.\d*)(?=(?:\d{3})+(?!\d))/g, ',');
}

/** `1 line`, `1,234 lines`; `many` where it is not made by an s. */
export function formatQuantity(count: number, one: string, many = `${one}s`): string {
	return `${formatNumber(count)} ${count === 1 ? one : many}`;
}

const units = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** In decimal units: `850 B`, `1.5 kB`, `12 MB`. */
export function formatBytes(bytes: number): string {
	let at = 0;
	let value = bytes;
	while (Math.round(value) >= 1000 && at < units.length - 1) {
		value /= 1000;
		at++;
	}

	return `${at === 0 || value >= 9.95 ? Math.round(value) : value.toFixed(1)} ${units[at]!}`;
}
