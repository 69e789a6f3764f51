/** Colors of pods, as stern chooses them, so that a pod has the same color in both. */

/** SGR parameters. @see https://github.com/stern/stern/blob/v1.34.0/stern/color.go */
const palette = [
	{pod: '96', container: '36'},
	{pod: '92', container: '32'},
	{pod: '95', container: '35'},
	{pod: '93', container: '33'},
	{pod: '94', container: '34'},
	{pod: '91', container: '31'},
] as const;

/** FNV-1 of 32 bits, by whose remainder stern chooses. */
export function podColor(pod: string): (typeof palette)[number] {
	let hash = 0x81_1c_9d_c5;
	for (const byte of Buffer.from(pod)) {
		hash = (Math.imul(hash, 0x01_00_01_93) ^ byte) >>> 0;
	}

	return palette[hash % palette.length]!;
}

/** @see https://no-color.org */
export function canShowColors(to: {readonly isTTY?: boolean | undefined}, env: NodeJS.ProcessEnv): boolean {
	return to.isTTY === true && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
}
