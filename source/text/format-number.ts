/** How is a large number written so that a person sees its size? */

/** Thousands parted by commas: `1,234,567`. Not by Intl, whose first use takes 7 MiB and some milliseconds of a start. */
export function formatNumber(value: number): string {
	return String(value).replaceAll(/\B(?<!\.\d*)(?=(?:\d{3})+(?!\d))/g, ',');
}

/** `1 line`, `1,234 lines`; `many` where it is not made by an s. */
export function formatQuantity(count: number, one: string, many = `${one}s`): string {
	return `${formatNumber(count)} ${count === 1 ? one : many}`;
}
