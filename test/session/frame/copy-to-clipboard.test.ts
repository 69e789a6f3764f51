/** Copied text. */
import test from 'ava';
import {copyToClipboard} from '../../../source/session/frame/copy-to-clipboard.ts';
import type {Session} from '../../../source/session/frame/session.ts';
import {hostileTexts} from '../../support/hostile-text.ts';

function copied(text: string): string {
	let written = '';
	copyToClipboard(
		{
			env: {},
			showMessage() {},
			terminal: {
				stdout: {
					write(bytes: string) {
						written += bytes;
					},
				},
			},
		} as unknown as Pick<Session, 'terminal' | 'env' | 'showMessage'>,
		text,
		'it',
	);
	return Buffer.from(/^\u001B\]52;c;(?<coded>[\w+/=]*)\u0007$/.exec(written)!.groups!['coded']!, 'base64').toString('utf8');
}

test('copied cluster text cannot end a paste and continue as typed input', t => {
	t.is(copied('a\u001B[201~\u0003\nid\n'), 'a^[[201~^C\nid\n');
	for (const [name, bytes] of hostileTexts()) {
		t.notRegex(copied(bytes.toString('utf8')), /[\u0000-\u0008\v\f\u000E-\u001F\u007F-\u009F\u202A-\u202E\u2066-\u2069]/, name);
	}
});

test('harmless text is copied unchanged', t => {
	const text = "kubectl get pods -n 'a b' # über\n\tzwei\n";
	t.is(copied(text), text);
});
