/** How is a number of bytes told to a person? */

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
