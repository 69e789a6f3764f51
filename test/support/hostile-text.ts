/** Texts that try to move, retitle, color, query or fool a terminal. */

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

	for (const sequence of [
		'P$q"p\u001B\\',
		'P+q544e\u001B\\',
		'P1$r',
		'_Gf=24;AAAA\u001B\\',
		'_never ended',
		'^pm\u001B\\',
		'X sos',
		'c',
		'7',
		'8',
		'D',
		'E',
		'H',
		'M',
		'N',
		'O',
		'Z',
		'=',
		'>',
		'(0',
		')0',
		'#8',
		'%G',
		'\u0018',
		'\u001B',
		'',
	]) {
		add(`ESC ${sequence}`, `\u001B${sequence}`);
	}

	for (const mark of [
		'\u202E',
		'\u2066',
		'\u2069',
		'\u200B',
		'\u200D',
		'\u200F',
		'\uFEFF',
		'\u2028',
		'\u2029',
		'\u00AD',
		'\u3164',
		'\uFFF9',
		'\u{E0001}',
		'\u061C',
		'\u034F',
	]) {
		add(`mark ${mark.codePointAt(0)!.toString(16)}`, `a${mark}b`);
	}

	add('all 256 bytes', Buffer.from(Array.from({length: 256}, (_, byte) => byte)));
	add('overlong and cut UTF-8', Buffer.from([0xc0, 0x9b, 0xe0, 0x80, 0x9b, 0xf4, 0x90, 0x80, 0x80, 0xed, 0xa0, 0x80, 0xe2, 0x82]));
	add('progress bar', '10%\r20%\r\u001B[K30%\b\b\b');
	add('colors without end', '\u001B[1;41;93mred on');
	return found;
}

const oscs = [
	'0;pwned',
	'1;pwned',
	'2;pwned',
	'4;1;#ff0000',
	'7;file://host/etc',
	'8;;https://evil.test',
	'9;notify',
	'10;#000000',
	'11;#000000',
	'12;#000000',
	'52;c;cHduZWQ=',
	'52;c;?',
	'104',
	'133;A',
	'777;notify;a;b',
	'1337;SetUserVar=a=Yg==',
	'1337;File=inline=1:AAAA',
];

const csis = [
	'2J',
	'3J',
	'H',
	'1;1H',
	'10A',
	'10B',
	'10C',
	'10D',
	'K',
	'1K',
	'2K',
	'5L',
	'5M',
	'5P',
	'5X',
	'5@',
	's',
	'u',
	'2;5r',
	'6n',
	'5n',
	'c',
	'>c',
	'=c',
	'>0q',
	'18t',
	'21t',
	'8;10;10t',
	'?25l',
	'?1049h',
	'?47h',
	'?1000h',
	'?1003h',
	'?1006h',
	'?2004h',
	'?2026h',
	'?7l',
	'?6h',
	'?1h',
	'?5h',
	'?9h',
	'4h',
	'20h',
	'!p',
	'>4;2m',
	'>1u',
	'?1$p',
	'8m',
	'5m',
	'6m',
	'0;8m',
	'30;40m',
	'31;48;5;1m',
	'38;5;0;48;2;0;0;0;8m',
	'51m',
	'10m',
	'11m',
	'58;5;1m',
	'38:5',
	'38;5;999m',
	'31',
	'31;',
	'1;2;3;4;5;6;7m',
	'0 q',
	'5 q',
];
