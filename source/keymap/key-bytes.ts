/** Encoder of keys as terminal input. */

const sequences: Readonly<Record<string, string>> = {
	enter: '\r',
	tab: '\t',
	esc: '\u001B',
	space: ' ',
	backspace: '\u007F',
	'ctrl+space': '\u0000',
	'shift+tab': '\u001B[Z',
	up: '\u001B[A',
	down: '\u001B[B',
	right: '\u001B[C',
	left: '\u001B[D',
	home: '\u001B[H',
	end: '\u001B[F',
	pgup: '\u001B[5~',
	pgdn: '\u001B[6~',
	delete: '\u001B[3~',
	insert: '\u001B[2~',
	f1: '\u001BOP',
	f2: '\u001BOQ',
	f3: '\u001BOR',
	f4: '\u001BOS',
	f5: '\u001B[15~',
	f6: '\u001B[17~',
	f7: '\u001B[18~',
	f8: '\u001B[19~',
	f9: '\u001B[20~',
	f10: '\u001B[21~',
	f11: '\u001B[23~',
	f12: '\u001B[24~',
};

export function keyBytes(key: string): Buffer {
	const sequence = sequences[key];
	if (sequence !== undefined) {
		return Buffer.from(sequence);
	}

	if (key.startsWith('alt+')) {
		return Buffer.concat([Buffer.from('\u001B'), keyBytes(key.slice(4))]);
	}

	const arrows = /^((?:ctrl\+|alt\+|shift\+)+)(up|down|right|left|home|end)$/.exec(key);
	if (arrows) {
		const bits = (arrows[1]!.includes('shift') ? 1 : 0) + (arrows[1]!.includes('alt') ? 2 : 0) + (arrows[1]!.includes('ctrl') ? 4 : 0);
		return Buffer.from(`\u001B[1;${bits + 1}${sequences[arrows[2]!]!.at(-1)!}`);
	}

	return key.startsWith('ctrl+') ? Buffer.from([key.slice(5).toUpperCase().codePointAt(0)! - 0x40]) : Buffer.from(key);
}
