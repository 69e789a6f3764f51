/** Texts that try to move, retitle, color, query or fool a terminal. */
import hostile from '../base/text/hostile-text.json' with {type: 'json'};

const {oscs, csis, escapes, marks} = hostile;

/** Each payload between two harmless words, by name. Bytes, because some are not UTF-8. */
export function hostileTexts(): ReadonlyArray<readonly [name: string, bytes: Buffer]> {
	const found: Array<readonly [string, Buffer]> = [];
	const add = (name: string, payload: string | Buffer) => {
		found.push([name, Buffer.concat([Buffer.from('before '), Buffer.from(payload as string), Buffer.from(' after')])]);
	};

	for (let code = 0; code < 0x20; code++) {
		if (code !== 0x0a && code !== 0x09) {
			add(`C0 ${code.toString(16)}`, Buffer.from([code]));
		}
	}

	for (let code = 0x80; code < 0xa0; code++) {
		add(`C1 ${code.toString(16)} as a byte`, Buffer.from([code, 0x30, 0x3b, 0x78]));
		add(`C1 ${code.toString(16)} as a character`, `${String.fromCodePoint(code)}0;x`);
	}

	for (const osc of oscs) {
		add(`OSC ${osc} ended by BEL`, `\u001B]${osc}\u0007`);
		add(`OSC ${osc} ended by ST`, `\u001B]${osc}\u001B\\`);
		add(`OSC ${osc} never ended`, `\u001B]${osc}`);
	}

	for (const csi of csis) {
		add(`CSI ${csi}`, `\u001B[${csi}`);
	}

	for (const sequence of escapes) {
		add(`ESC ${sequence}`, `\u001B${sequence}`);
	}

	for (const mark of marks) {
		add(`mark ${mark.codePointAt(0)!.toString(16)}`, `a${mark}b`);
	}

	add('all 256 bytes', Buffer.from(Array.from({length: 256}, (_, byte) => byte)));
	add('overlong and cut UTF-8', Buffer.from([0xc0, 0x9b, 0xe0, 0x80, 0x9b, 0xf4, 0x90, 0x80, 0x80, 0xed, 0xa0, 0x80, 0xe2, 0x82]));
	add('progress bar', '10%\r20%\r\u001B[K30%\b\b\b');
	add('colors without end', '\u001B[1;41;93mred on');
	return found;
}
