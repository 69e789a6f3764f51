/** One line of the Prometheus text format. */

export type Sample = {name: string; labels: Readonly<Record<string, string>>; value: number};

/** `undefined` for comments. @see https://prometheus.io/docs/instrumenting/exposition_formats/ */
export function parseSample(line: string): Sample | undefined {
	const [, name, block, number] = /^([a-z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)/i.exec(line) ?? [];
	const value = Number(number === '+Inf' ? Infinity : number);
	if (name === undefined || number === undefined || Number.isNaN(value)) {
		return undefined;
	}

	const labels: Record<string, string> = Object.create(null) as Record<string, string>;
	for (const [, label, text] of (block ?? '').matchAll(/([a-z_]\w*)="((?:[^"\\]|\\.)*)"/gi)) {
		labels[label!] = text!.replaceAll(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character));
	}

	return {name, labels, value};
}
